"""Exponentials that never become infinite: the largest float stands for whatever lies beyond it.

Evidence and ratios are worked out as logarithms and turned into plain numbers last, for people and for JSON, which has
no infinity.
"""

import math
import sys


def exp(x: float) -> float:
    """e^x.

    >>> exp(0.0), exp(1e6)
    (1.0, 1.7976931348623157e+308)
    """
    try:
        return math.exp(x)
    except OverflowError:
        return sys.float_info.max


def expm1(x: float) -> float:
    """e^x - 1, with its digits near zero.

    >>> expm1(1e-20), expm1(1e6)
    (1e-20, 1.7976931348623157e+308)
    """
    try:
        return math.expm1(x)
    except OverflowError:
        return sys.float_info.max
