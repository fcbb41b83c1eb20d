"""Whatever is asked, the answer carries the headers that every answer carries, and tells nothing of what serves it."""

from collections.abc import Callable

import pytest
from werkzeug.test import TestResponse

from tests.serve.stage import FILLED, Stage

ASKED: dict[str, Callable[[Stage], TestResponse]] = {
    "page": lambda stage: stage.ask(),
    "not found": lambda stage: stage.ask("/nowhere"),
    "asset not found": lambda stage: stage.ask(f"/_l/a/{'0' * 64}.css"),
    "redirect": lambda stage: stage.ask("/"),
    "slash": lambda stage: stage.ask("/spring-sale/"),
    "icon": lambda stage: stage.ask("/favicon.ico"),
    "robots": lambda stage: stage.ask("/robots.txt"),
    "health": lambda stage: stage.ask("/healthz"),
    "ready": lambda stage: stage.ask("/readyz"),
    "thanks": lambda stage: stage.ask("/_l/thanks"),
    "opt-out": lambda stage: stage.ask("/_l/opt-out"),
    "opted out": lambda stage: stage.ask("/_l/opt-out", method="POST"),
    "wrong method": lambda stage: stage.ask(method="PUT"),
    "wrong host": lambda stage: stage.ask(host="elsewhere.example"),
    "service worker": lambda stage: stage.ask(headers={"Service-Worker": "script"}),
    "too long": lambda stage: stage.ask("/spring-sale?" + "x" * 9_000),
    "form": lambda stage: stage.post_form(stage.view()[1], FILLED),
    "form refused": lambda stage: stage.post_form(stage.view()[1], {}),
    "form forged": lambda stage: stage.post_form("forged", FILLED),
    "beacon": lambda stage: stage.beacon(stage.view()[1]),
    "beacon forged": lambda stage: stage.beacon("forged"),
    "report": lambda stage: stage.ask("/_l/csp", method="POST", body="{}"),
}


@pytest.mark.parametrize("name", ASKED)
def test_every_answer_is_guarded(stage: Stage, name: str) -> None:
    stage.publish()
    sent = ASKED[name](stage).headers
    assert sent["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"
    assert sent["X-Content-Type-Options"] == "nosniff"
    assert sent["X-Frame-Options"] == "DENY"
    assert sent["Origin-Agent-Cluster"] == "?1"
    assert sent["X-Permitted-Cross-Domain-Policies"] == "none"
    assert "sandbox" in sent["Content-Security-Policy"]
    assert "no-store" in sent["Cache-Control"]
    assert not {"Server", "X-Powered-By", "Access-Control-Allow-Origin"} & set(sent.keys())
