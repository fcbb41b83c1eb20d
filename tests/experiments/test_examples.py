"""Every example in the docstrings of `experiments` is true."""

import doctest
import importlib
import pkgutil

import pytest

import experiments

MODULES = sorted(module.name for module in pkgutil.iter_modules(experiments.__path__))


def run(module: str) -> doctest.TestResults:
    return doctest.testmod(importlib.import_module(f"experiments.{module}"))


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_of_a_module_are_true(module: str) -> None:
    assert run(module).failed == 0


def test_there_are_examples_to_run() -> None:
    assert sum(run(module).attempted for module in MODULES) >= 15
