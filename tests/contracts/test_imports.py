"""Who may import whom: the contracts of pyproject.toml hold."""

from pathlib import Path

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports


def test_import_directions_hold() -> None:
    config = Path(__file__).parents[2] / "pyproject.toml"
    assert lint_imports(config_filename=str(config), no_cache=True) == EXIT_STATUS_SUCCESS
