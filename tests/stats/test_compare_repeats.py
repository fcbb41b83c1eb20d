"""The same input gives the same bits, here and in another process."""

import os
import subprocess
import sys

import pytest

from stats import Beta, BinarySample, Exchangeable, compare

SAMPLES = [BinarySample(1000, 52), BinarySample(10**9, 5 * 10**7), BinarySample(0, 0), BinarySample(40, 40)]
PRIORS = [Beta(0.5, 0.5), Exchangeable(0.07)]
PROGRAM = f"from stats import *; print([compare({SAMPLES!r}, prior=prior) for prior in {PRIORS!r}])"


def test_comparing_twice_gives_equal_results():
    for prior in PRIORS:
        assert compare(SAMPLES, prior=prior) == compare(SAMPLES, prior=prior)
    assert compare(SAMPLES) != compare(SAMPLES, level=0.9)


@pytest.mark.parametrize("threads", ["1", "2"])
def test_another_process_with_other_threads_gives_the_same_bits(threads):
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": threads, "PYTHONHASHSEED": threads}
    printed = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert printed.strip() == repr([compare(SAMPLES, prior=prior) for prior in PRIORS])
