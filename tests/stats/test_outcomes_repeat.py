"""The same input gives the same bits, whatever is compared and in whatever process."""

import os
import subprocess
import sys

PROGRAM = """
from stats import *
paid = [2900, 4900, 4900, 5900, 9900, 14900] * 40
money = [RevenueSample.of(5000, paid), RevenueSample.of(5000, paid[:-30] + [19900] * 20), RevenueSample.of(0, [])]
print(repr(compare_revenue(money)))
print(repr(compare_counts([CountSample(1000, 2100, 6600), CountSample(1000, 2250, 9900), CountSample(0, 0, 0)])))
print(repr(compare_ratios([RatioSample.of([(1, 4), (0, 2), (k, 5)] * 90) for k in (2, 3)])))
print(repr(compare_quantiles([Histogram.of(range(100, 1900, step)) for step in (3, 2)])))
rates = [(BinarySample(900 + i, 40 + i), BinarySample(880, 52 - i)) for i in range(20)]
print(repr(compare_segments({str(i): pair for i, pair in enumerate(rates)})))
"""


def printed(threads):
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": threads, "PYTHONHASHSEED": threads}
    command = [sys.executable, "-c", PROGRAM]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_another_process_with_other_threads_gives_the_same_bits():
    first = printed("1")
    assert first == printed("2")
    assert first.count("\n") == 5
