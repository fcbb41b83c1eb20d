"""The page of results names tests that exist, and each item has at least one."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "developer" / "hardening.md"


def test_every_test_that_the_page_names_exists() -> None:
    named = re.findall(r"(tests/[\w/]+\.py)::(\w+)", PAGE.read_text())
    missing = [f"{file}::{name}" for file, name in named if f"def {name}(" not in (ROOT / file).read_text()]
    assert missing == []
    assert len(named) > 30


def test_every_item_of_the_table_names_a_test() -> None:
    table = PAGE.read_text().partition("| Input | Shown by |")[2].split("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    assert len(rows) >= 25
    assert [row for row in rows if "::" not in row] == []
