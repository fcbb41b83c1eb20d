"""Bad input at the front door: it is refused in plain words, and everything that is kept is what it was before.

Each case goes through the whole application as a browser, or somebody with worse intentions, would send it. What is
refused and why in every shape has its tests beside the code; `docs/developer/hardening.md` names them.
"""

import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lander.db import transaction
from lander.policy.parse import InvalidPolicy
from lander.policy.store import apply_policy
from tests.bad_input.cases import CASES
from tests.bad_input.sending import lead, post
from tests.fuzz.checks import find_breaches
from tests.fuzz.world import Answer, World, opened


@pytest.fixture(scope="module")
def world(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for all cases: none of them may leave a trace that another one could trip over."""
    with opened(template, tmp_path_factory.mktemp("changeless") / "world", "production") as world:
        yield world


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_in_words_and_nothing_changes(world: World, name: str) -> None:
    case = CASES[name]
    request = case.send(world)
    before = world.fingerprint()
    answer = world.ask(request)

    assert (answer.code, case.words in read(answer)) == (case.status, True), read(answer)
    assert world.fingerprint() == before
    assert list(find_breaches(world, request, answer)) == []


def test_a_page_with_broken_markup_is_told_line_by_line_and_not_published(world: World) -> None:
    source = (
        "<!doctype html>\n<title>x</title>\n<form><input name=email><form><input name=b></form>\n<button onclick=x()>Go"
    )
    saved = world.ask(post("/pages/draft/a/source", source=source, base_version="1")(world))
    assert saved.code == 303
    before = world.fingerprint()
    answer = world.ask(post("/pages/draft/publish")(world))

    assert answer.code == 422
    assert "This was not published, and nothing changed." in read(answer)
    assert "in line 3" in read(answer)
    assert world.fingerprint() == before


def test_a_policy_with_a_key_that_nobody_knows_is_not_applied(world: World) -> None:
    before = world.fingerprint()
    with transaction(world.engine) as session, pytest.raises(InvalidPolicy, match="nonsense"):
        apply_policy(session, "[uploads]\nnonsense = 1\n", actor="ivan", now=datetime.now(UTC))
    assert world.fingerprint() == before


def test_the_fingerprint_sees_a_change(world: World) -> None:
    """What holds the cases above: a lead that is taken and a page that is published are changes."""
    before = world.fingerprint()
    assert world.ask(lead()(world)).code == 303
    with_lead = world.fingerprint()
    assert {name for name in before if before[name] != with_lead[name]} == {"journals"}

    world.ask(post("/pages/terms/plain/copy", source="a")(world))
    with_copy = world.fingerprint()
    assert {name for name in before if with_lead[name] != with_copy[name]} == {"auditentry", "variant", "version"}


def read(answer: Answer) -> str:
    """What a person reads."""
    return " ".join(
        html.unescape(re.sub(r"<(style|script)\b.*?</\1>|<[^>]+>", " ", answer.text, flags=re.DOTALL)).split()
    )
