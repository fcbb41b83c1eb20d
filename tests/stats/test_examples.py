"""The examples in the docstrings, run."""

import doctest
import importlib
import pkgutil

import pytest

import stats

MODULES = ["stats", *(f"stats.{module.name}" for module in pkgutil.iter_modules(stats.__path__))]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_do_what_they_show(name):
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module)
    assert failed == 0


@pytest.mark.parametrize(
    "name",
    [
        "compare",
        "srm",
        "plan",
        "BinarySample",
        "Beta",
        "compare_counts",
        "CountSample",
        "Gamma",
        "compare_revenue",
        "RevenueSample",
        "Histogram",
        "log_units",
        "cell_of",
        "compare_ratios",
        "RatioSample",
        "anytime",
        "conversions_only",
        "decide",
        "premortem",
        "top_two",
        "value_of_waiting",
        "compare_quantiles",
        "quantile_of",
        "non_inferior",
        "adjust",
        "two_sided",
        "compare_segments",
    ],
)
def test_every_public_entrance_has_an_example(name):
    assert doctest.DocTestFinder(recurse=False).find(getattr(stats, name), name)[0].examples
