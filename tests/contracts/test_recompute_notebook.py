"""Ana's notebook computes an exported report again with numpy and scipy alone, and finds what does not fit."""

import ast
import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

import stats
from tests.cli.conftest import HOST, Terminal, bare_terminal, terminal
from tests.cli.events import come, crowd
from tests.verification.conftest import Report, c_is_dropped, engine

__all__ = ["bare_terminal", "engine", "terminal"]

FOLDER = Path(__file__).parents[2] / "docs" / "analyst"
NOTEBOOK: dict[str, Any] = json.loads((FOLDER / "recompute.ipynb").read_text(encoding="utf-8"))
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
