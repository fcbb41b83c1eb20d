"""An e-value from its logarithm: how many times better the data are explained by some difference than by none.

Held against 1/alpha at every look, it errs with probability alpha at most over all looks together (Ville's inequality).
"""

import math
import sys


def from_log(log_e_value: float) -> float:
    """exp(log_e_value), but never infinite: the largest float stands for whatever is beyond it.

    Source: Ville, Étude critique de la notion de collectif, 1939; Ramdas et al., Game-theoretic statistics and safe
    anytime-valid inference, Statistical Science 38, 2023.

    >>> from_log(0.0), from_log(1e6)
    (1.0, 1.7976931348623157e+308)
    """
    try:
        return math.exp(log_e_value)
    except OverflowError:
        return sys.float_info.max
