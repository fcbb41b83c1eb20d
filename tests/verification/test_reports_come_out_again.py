"""Whatever a report says that follows from its counts and parameters, `stats` alone says again."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from lander.verification import verify
from tests.experiments.builders import after
from tests.verification.conftest import CASES, Report, b_ships, end, it_is_in_its_second_phase, judge, look

# words, settings and notes do not follow from counts
TAKEN = {
    "experiment", "purpose", "phase", "goal", "selector", "window_s", "hypothesis", "state", "shipped", "reason",
    "timezone", "control", "coverage_bp", "started_at", "ended_at", "as_of", "filtered_by_variant", "by_day", "segments",
    "open_segments", "annotations", "parameters",
}  # fmt: skip
EXPECTED = {
    "b_ships": ("ship", "better"),
    "c_is_dropped": ("drop", "worse"),
    "equal_pages_differ": ("hold", "aa-differs"),
    "one_segment_is_broken": ("hold", "gate-failed"),
    "bots_lean": ("hold", "gate-failed"),
    "it_is_early": ("continue", "too-few-days"),
    "further_goals_are_counted": ("ship", "better"),
    "a_guardrail_is_harmed": ("keep", "guardrail-harmed"),
    "equal_pages_harm": ("hold", "aa-differs"),
    "the_best_of_three_harms": ("drop", "guardrail-harmed"),
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_a_report_as_exported_has_no_difference(
    case: Callable[[Engine], Report], engine: Engine, tmp_path: Path
) -> None:
    report, file = case(engine), tmp_path / "report.json"
    file.write_text(json.dumps(report))
    found = verify(file)
    assert [item.sentence() for item in found.differences] == []
    assert found.compared > 60
    verdict = report["verdict"]
    assert EXPECTED.get(case.__name__, (verdict["action"], verdict["reason"])) == (verdict["action"], verdict["reason"])


@pytest.mark.parametrize(
    "asked",
    [
        {"phase": 1},
        {"phase": 2},
        {"as_of": after(days=5)},
        {"as_of": after(days=12)},
        {"phase": 1, "as_of": after(days=12)},
        {"as_of": after(days=30)},
    ],
    ids=str,
)
@pytest.mark.parametrize("has_ended", [False, True])
def test_nor_has_one_of_any_phase_and_moment(
    engine: Engine, tmp_path: Path, asked: dict[str, Any], *, has_ended: bool
) -> None:
    it_is_in_its_second_phase(engine)
    look(engine, days=14.5)
    if has_ended:
        end(engine, days=20, ship="b")
    file = tmp_path / "report.json"
    file.write_text(json.dumps(judge(engine, days=25, is_detailed=True, **asked)))
    assert [item.sentence() for item in verify(file).differences] == []


def test_nothing_but_words_and_settings_is_taken_as_it_is(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text(json.dumps(b_ships(engine)))
    assert set(verify(file).untouched) <= TAKEN


def test_it_needs_nothing_of_experiments_nor_a_database_nor_the_web(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text(json.dumps(b_ships(engine)))
    program = (
        "import sys; sys.modules |= dict.fromkeys(['experiments', 'sqlmodel', 'sqlalchemy', 'flask'])\n"
        "from pathlib import Path; from lander.verification import verify\n"
        "assert verify(Path(sys.argv[1])).differences == ()\n"
        "ours = {name.split('.')[0] + '.' + (name + '.').split('.')[1] for name in sys.modules if name.startswith('lander.')}\n"
        "assert ours == {'lander.verification', 'lander.errors'}, ours\n"
        "print('the same')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(file)], capture_output=True, text=True, timeout=100, check=False
    )
    assert (done.stdout, done.returncode) == ("the same\n", 0), done.stderr
