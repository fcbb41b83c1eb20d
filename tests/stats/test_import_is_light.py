"""What `import stats` costs beyond numpy and scipy.special."""

import subprocess
import sys

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
