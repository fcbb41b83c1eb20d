"""Whoever brings content before visitors asks the release first: no edge leaves the pre-flight out."""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import lander.pages

ROOT = Path(__file__).parents[2] / "lander"
EDGES = sorted([*ROOT.glob("console/*.py"), *ROOT.glob("cli/*.py"), *ROOT.glob("api/*.py"), *ROOT.glob("*.py")])
LOOKING_ONLY = ("check_", "look_", "plan_")
VERBS = {
    (module.name, name)
    for module in pkgutil.iter_modules(lander.pages.__path__, "lander.pages.")
    for name, verb in inspect.getmembers(importlib.import_module(module.name), inspect.isfunction)
    if "preflight" in inspect.signature(verb).parameters and not name.startswith(LOOKING_ONLY)
}


def list_calls(file: Path) -> Iterator[tuple[str, set[str]]]:
    """Where a verb of `lander.pages` that can ask is called, and with which keywords."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    names: dict[str, tuple[str, str]] = {}
    modules: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lander.pages"):
            for item in node.names:
                names[item.asname or item.name] = (str(node.module), item.name)
                modules[item.asname or item.name] = f"{node.module}.{item.name}"
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        match node.func:
            case ast.Name(id=name):
                verb = names.get(name)
            case ast.Attribute(value=ast.Name(id=owner), attr=name) if owner in modules:
                verb = (modules[owner], name)
            case _:
                continue
        if verb in VERBS:
            yield f"{file.name}:{node.lineno} {verb[1]}", {keyword.arg or "" for keyword in node.keywords}


def test_there_are_such_verbs_and_they_are_called() -> None:
    called = {where.split()[1] for file in EDGES for where, _ in list_calls(file)}
    wanted = {"publish", "rollback", "restore_page", "publish_snippet", "foresee", "carry_out"}
    assert wanted <= called, f"{wanted - called} is called nowhere: what finds the calls has gone blind"


@pytest.mark.parametrize("file", EDGES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_edge_hands_it_over(file: Path) -> None:
    without = [where for where, keywords in list_calls(file) if "preflight" not in keywords]
    assert without == [], "these let a release before visitors that was never asked: pass preflight=look_ahead"
