"""Exponentials without infinity."""

import math
import sys

import pytest

from stats.finite import exp, expm1
from tests.stats.oracles import load_reference

(OVERFLOW,) = (case for case in load_reference("ssrm_sequential.json")["cases"] if case["kind"] == "overflow")


@pytest.mark.parametrize("x", [-800.0, -1.0, 0.0, 1e-12, 3.0, 709.0])
def test_they_are_the_exponentials(x):
    assert exp(x) == math.exp(x)
    assert expm1(x) == math.expm1(x)


def test_where_ssrm_gives_infinite_evidence_it_is_the_largest_float():
    found = exp(OVERFLOW["log_m1"] - OVERFLOW["log_m0"])
    assert OVERFLOW["expected_bf"] == "inf"
    assert found == expm1(710.0) == sys.float_info.max
    assert 1 / (1 + 1 / found) == OVERFLOW["expected_posterior_probability"]
