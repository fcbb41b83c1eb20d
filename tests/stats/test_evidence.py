"""From the logarithm of an e-value to the e-value."""

import math
import sys

import pytest

from stats.evidence import from_log
from tests.stats.oracles import load_reference

(OVERFLOW,) = (case for case in load_reference("ssrm_sequential.json")["cases"] if case["kind"] == "overflow")


@pytest.mark.parametrize("log_e", [-800.0, -1.0, 0.0, 3.0, 709.0])
def test_it_is_the_exponential(log_e):
    assert from_log(log_e) == math.exp(log_e)


def test_where_ssrm_gives_infinity_it_gives_the_largest_float():
    found = from_log(OVERFLOW["log_m1"] - OVERFLOW["log_m0"])
    assert OVERFLOW["expected_bf"] == "inf"
    assert found == sys.float_info.max
    assert 1 / (1 + 1 / found) == OVERFLOW["expected_posterior_probability"]
