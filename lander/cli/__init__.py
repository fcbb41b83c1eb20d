"""The command line: every verb of the service, each with `--json`, each failing with one line and a non-zero status."""

from lander.cli.main import cli, main

__all__ = ["cli", "main"]
