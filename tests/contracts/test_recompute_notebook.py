"""Ana's notebook computes an exported report again with numpy and scipy alone, and finds what does not fit."""

import ast
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

import stats
from tests.cli.conftest import HOST, Terminal, bare_terminal, terminal
from tests.cli.events import come, crowd, pay
from tests.experiments.builders import convert
from tests.verification.conftest import (
    Report,
    a_guardrail_is_harmed,
    c_is_dropped,
    engine,
    further_goals_are_counted,
    money_came_in,
    only_the_variant_was_paid_for,
)
from tests.verification.test_differences_are_named import set_at

__all__ = ["bare_terminal", "engine", "terminal"]

FOLDER = Path(__file__).parents[2] / "docs" / "analyst"
NOTEBOOK: dict[str, Any] = json.loads((FOLDER / "recompute.ipynb").read_text(encoding="utf-8"))
Changes = dict[str, tuple[Any, str]]  # path in the report: what stands there now, and what must be named
CODE = [cell for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]


def run(report: Path, monkeypatch: pytest.MonkeyPatch, *, until: str = "") -> dict[str, Any]:
    """Every cell in order, as a notebook runs them; the first ones only, where a word of the last of them is named."""
    monkeypatch.setenv("REPORT", str(report))
    names: dict[str, Any] = {}
    for cell in CODE:
        source = "".join(cell["source"])
        exec(compile(source, f"recompute.ipynb {cell['id']}", "exec"), names)
        if until and until in source:
            break
    return names


def test_an_exported_report_comes_out_again(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.start_test()
    come(terminal, crowd("a", served=1_200, confirmed=1_190, conversions=110, days=10))
    come(terminal, crowd("b", served=1_210, conversions=160, days=10))
    file = tmp_path / "exported.json"
    terminal.ok("report", "export", "--site", HOST, "--slug", "spring-sale", "--output", str(file))
    capsys.readouterr()
    assert run(file, monkeypatch)["differences"] == []
    said = capsys.readouterr().out
    assert said.splitlines()[-1] == "Nothing differs."
    for figure in ("srm confirmed, p-value", "data b lift low", "decision b P(best)", "anytime b log e-value"):
        assert figure in said


def test_three_variants_come_out_again(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(write(tmp_path, c_is_dropped(engine)), monkeypatch)["differences"] == []


def test_further_goals_and_money_come_out_of_the_exported_files(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The report, its tallies and its receipts, each as a file of its own."""
    terminal.start_test(
        "--secondary", "click:#more", "--secondary", "scroll:75", "--guardrail", "fewer click:h1 5%", "--guardrail",
        "time:30 10%",
    )  # fmt: skip
    for key, leads, reached in (("a", 110, (90, 500, 40, 610)), ("b", 160, (160, 520, 110, 600))):
        seen = crowd(key, served=1_200, confirmed=1_190, conversions=leads, days=10)
        come(terminal, seen)
        views = [event for event in seen if event.kind == "served"]
        for goal, visitors in zip(("click-2", "scroll-3", "click-4", "time-5"), reached, strict=True):
            come(terminal, [convert(event, goal=goal) for event in views[:visitors]])
    pay(terminal, "a", *[4_900] * 20, *[9_900] * 9)
    pay(terminal, "b", *[4_900] * 31, *[9_900] * 11, 129_000)
    take = ("report", "export", "--site", HOST, "--slug", "spring-sale")
    report = tmp_path / "report.json"
    terminal.ok(*take, "--output", str(report))
    for what in ("tallies", "receipts"):
        terminal.ok(*take, "--what", what, "--format", "csv", "--output", str(tmp_path / f"{what}.csv"))
    capsys.readouterr()
    assert run(report, monkeypatch)["differences"] == []
    said = capsys.readouterr().out
    for figure in (
        "click-2 b conversions, tallies", "scroll-3 b lift low", "click-2 b adjusted p", "click-4 b P(harm)",
        "click-4 b status is harm", "time-5 b P(harm)", "money b amounts, receipts", "money a per visitor median",
    ):  # fmt: skip
        assert f"   {figure}" in said

    for what, old, new in (("tallies", '"click-2"', '"click-9"'), ("receipts", ",129000,", ",128000,")):
        file = tmp_path / f"{what}.csv"
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))
    named = ["click-2 a conversions, tallies", "click-2 b conversions, tallies", "money b amounts, receipts"]
    assert run(report, monkeypatch)["differences"] == named


@pytest.mark.parametrize(
    "case", [further_goals_are_counted, a_guardrail_is_harmed, money_came_in, only_the_variant_was_paid_for]
)
def test_goals_and_money_of_other_tests_come_out_again(
    case: Callable[[Engine], Report], engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(write(tmp_path, case(engine)), monkeypatch)["differences"] == []


@pytest.mark.parametrize(
    ("case", "changes"),
    [
        (
            further_goals_are_counted,
            {
                "goals/0/variants/1/rate/low": (0.06, "click-2 b rate low"),
                "goals/1/variants/1/lift/high": (0.5, "scroll-3 b lift high"),
                "goals/2/variants/1/guardrail/p_harm": (0.03, "time-4 b P(harm)"),
                "goals/3/variants/1/guardrail/status": ("harm", "click-5 b status is unsure"),
                "goals/0/variants/1/is_discovery": (False, "click-2 b is a discovery"),
            },
        ),
        (
            money_came_in,
            {
                "revenue/variants/0/per_visitor/mean": (200.0, "money a per visitor mean"),
                "revenue/variants/1/total_minor": (1, "money b total"),
                "revenue/variants/1/per_visitor/low": (200.0, "money b per visitor low"),
            },
        ),
    ],
)
def test_a_goal_or_an_amount_that_does_not_fit_is_named(
    engine: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    case: Callable[[Engine], Report],
    changes: Changes,
) -> None:
    report = case(engine)
    for path, (value, _) in changes.items():
        set_at(report, path, value)
    assert run(write(tmp_path, report), monkeypatch)["differences"] == [named for _, named in changes.values()]


def test_it_names_what_does_not_fit(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = c_is_dropped(engine)
    report["variants"][1]["lift"]["low"] += 1e-4
    report["variants"][2]["p_best"] += 1e-4
    report["by_day"][0]["confirmed"] -= 1
    found = run(write(tmp_path, report), monkeypatch, until="def data_lift_below")["differences"]
    assert found == ["a confirmed, sum of days", "data b lift low", "data c P(best)"]


def test_it_needs_numpy_and_scipy_alone() -> None:
    trees = [ast.parse("".join(cell["source"])) for cell in CODE]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    imported = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    imported |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in imported} - sys.stdlib_module_names == {"numpy", "scipy"}


def test_it_is_kept_without_what_it_once_printed() -> None:
    assert NOTEBOOK["nbformat"] == 4
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in CODE)
    assert len({cell["id"] for cell in NOTEBOOK["cells"]}) == len(NOTEBOOK["cells"])


def test_the_number_worked_by_hand_is_the_engines() -> None:
    told = (FOLDER / "recompute.md").read_text(encoding="utf-8")
    control, variant = stats.BinarySample(50_000, 2_500), stats.BinarySample(50_000, 2_800)
    found = stats.anytime(control, variant, tau=0.07 * math.sqrt(2))
    assert found.lift is not None
    assert f"log e = {found.log_e_value:.4f}" in told
    assert f"e = {found.e_value:,.0f}" in told
    assert f"{found.lift.low:+.4f} to {found.lift.high:+.4f}" in told
    assert f"p = {stats.srm([600, 400], [1, 1]).p_value:.2e}" in told


def write(tmp_path: Path, report: Report) -> Path:
    file = tmp_path / "report.json"
    file.write_text(json.dumps(report))
    return file
