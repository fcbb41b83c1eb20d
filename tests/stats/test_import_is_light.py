"""What `import stats` costs beyond numpy and scipy.special."""

import subprocess
import sys

import pytest

import stats

HEAVY = ("scipy.stats", "scipy.optimize", "scipy.integrate", "scipy.interpolate", "pandas")
PROGRAM = "import sys, {}; print(*sorted(sys.modules))"


def modules_after(imports):
    command = [sys.executable, "-c", PROGRAM.format(imports)]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


def test_it_loads_nothing_but_itself_on_top_of_numpy_and_scipy_special():
    loaded = modules_after("stats")
    assert not loaded.intersection(HEAVY)
    extra = loaded - modules_after("numpy, scipy.special")
    assert all(module == "stats" or module.startswith("stats.") for module in extra), sorted(extra)


def test_what_few_reports_ask_for_is_loaded_when_asked_for_and_nothing_is_missing():
    assert "stats.revenue" not in modules_after("stats")
    every_name = "stats; [getattr(stats, name) for name in stats.__all__]"
    assert "stats.revenue" in modules_after(every_name)


def test_a_name_that_does_not_exist_is_named():
    with pytest.raises(AttributeError, match="no attribute 'uplift'"):
        stats.uplift  # noqa: B018
