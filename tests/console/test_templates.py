"""Templates are held to their context: they use nothing else, they use all of it, and they bring no styles along."""

import dataclasses
import importlib
import pkgutil
import re

import pytest
from flask import Flask
from jinja2 import StrictUndefined, nodes

from lander import console
from lander.console.screens import TEMPLATES

FROM_EVERYWHERE = {"layout", "static"}
SCREENS = {
    item.template: item
    for module in pkgutil.iter_modules(console.__path__)
    if module.name.endswith("context")
    for item in vars(importlib.import_module(f"lander.console.{module.name}")).values()
    if dataclasses.is_dataclass(item) and hasattr(item, "template")
}
FILES = sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html"))


def read(studio: Flask, name: str) -> nodes.Template:
    return studio.jinja_env.parse((TEMPLATES / name).read_text())


def names_used(studio: Flask, name: str) -> set[str]:
    """Free names of a template and of all that it includes or extends."""
    from jinja2.meta import find_undeclared_variables

    tree = read(studio, name)
    imported = {macro for found in tree.find_all(nodes.FromImport) for macro in found.names}
    used = set(find_undeclared_variables(tree)) - imported
    given = _names_given_to_includes(tree)
    for other in tree.find_all((nodes.Include, nodes.Extends, nodes.FromImport)):
        assert isinstance(other.template, nodes.Const), f"{name} chooses a template while it runs"
        used |= names_used(studio, other.template.value) - given
    return used


def _names_given_to_includes(tree: nodes.Template) -> set[str]:
    """What `with` and `for` hand to the partials inside them."""
    given = {target.name for block in tree.find_all(nodes.With) for target in block.targets}
    for loop in tree.find_all(nodes.For):
        given |= {
            target.name for target in [loop.target, *loop.target.find_all(nodes.Name)] if isinstance(target, nodes.Name)
        }
    return given


@pytest.mark.parametrize("name", sorted(SCREENS))
def test_a_screen_uses_the_fields_of_its_context_all_of_them_and_nothing_else(studio: Flask, name: str) -> None:
    fields = {field.name for field in dataclasses.fields(SCREENS[name])}
    used = names_used(studio, name) - FROM_EVERYWHERE
    assert used - fields == set(), "the template uses what its context does not have"
    assert fields - used == set(), "the context carries what nobody shows"


def test_every_template_is_a_screen_or_a_part_of_one(studio: Flask) -> None:
    kinds = (nodes.Include, nodes.Extends, nodes.FromImport)
    parts = {other.template.value for name in FILES for other in read(studio, name).find_all(kinds)}
    assert set(FILES) == set(SCREENS) | parts


def test_what_is_unknown_fails_instead_of_showing_nothing(studio: Flask) -> None:
    assert studio.jinja_env.undefined is StrictUndefined
    assert studio.jinja_env.autoescape is not False


@pytest.mark.parametrize("name", FILES)
def test_no_template_needs_inline_styles_handlers_or_unmarked_scripts(name: str) -> None:
    text = (TEMPLATES / name).read_text()
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", text)
    assert all('nonce="{{ layout.nonce }}"' in tag for tag in re.findall(r"<script[^>]*>", text))
    assert "|safe" not in text.replace(" ", "")


@pytest.mark.parametrize("name", FILES)
def test_every_form_that_changes_something_carries_the_sessions_token(name: str) -> None:
    text = (TEMPLATES / name).read_text()
    for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", text, re.DOTALL):
        assert "_csrf.html" in form or 'action="/sign-in"' in form


@pytest.mark.parametrize("name", FILES)
def test_a_link_is_a_link_and_a_button_a_button(name: str) -> None:
    assert not re.search(r"<a\b[^>]*\srole=", (TEMPLATES / name).read_text())


@pytest.mark.parametrize("name", FILES)
def test_every_control_has_a_label(name: str) -> None:
    text = (TEMPLATES / name).read_text()
    for control in re.findall(r"<(?:input|select|textarea)\b[^>]*>", text):
        if 'type="hidden"' in control:
            continue
        identity = re.search(r'\sid="([^"]+)"', control)
        labelled = identity is not None and f'for="{identity[1]}"' in text
        wrapped = re.search(r"<label[^>]*>\s*" + re.escape(control), text) is not None
        assert labelled or wrapped or "aria-label" in control, control
