"""A lead as the journal takes it: what may be read in the clear, and the fields sealed."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from experiments.events import Reason
from experiments.journal import Record
from lander.edge import Edge
from lander.published import Allocation, Form, Release
from lander.serve.counting import find_open_phase
from lander.serve.token import View
from lander.vault import Vault


@dataclass(frozen=True, slots=True)
class Submission:
    """A form that passed its checks."""

    view: View
    release: Release | None  # None where the page has been taken away since
    form: Form | None  # None where the page no longer holds it
    values: dict[str, str]
    doubts: tuple[Reason, ...]
    host: str
    edge: Edge

    @property
    def allocation(self) -> Allocation | None:
        """What runs on the page now."""
        return self.release.allocation if self.release else None


def make_lead(submission: Submission, vault: Vault) -> Record:
    """The journal's row. Its id is a hash of view, form and content, so a repeated post is the same lead."""
    view, release, form, edge = submission.view, submission.release, submission.form, submission.edge
    open_phase = find_open_phase(view, submission.allocation)
    key = form.key if form else ""
    lead_id = _make_id(view, key, submission.values)
    entry: dict[str, Any] = {
        "id": lead_id,
        "page_id": view.page_id,
        "host": submission.host,
        "path": release.path if release else "",
        "view": view.view_id.hex(),
        "form": key,
        "variant": view.variant,
        "experiment_key": open_phase.experiment_key if open_phase else "",
        "phase": open_phase.phase if open_phase else 0,
        "sealed": vault.seal(json.dumps(submission.values, ensure_ascii=False), context=lead_id),
        "email_index": _index_email(submission, vault),
        "consent_text": form.consent_text if form else "",
        "consented_at_ms": edge.now_ms if _has_consented(submission) else None,
        "flags": [reason.value for reason in submission.doubts],
        "network": vault.blind_index(edge.network),
        "simulated": edge.simulated or view.simulated,
        "received_at_ms": edge.now_ms,
    }
    return Record("lead", json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode())


def _make_id(view: View, form: str, values: dict[str, str]) -> str:
    content = json.dumps([form, values], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(view.view_id + content.encode()).hexdigest()[:32]


def _index_email(submission: Submission, vault: Vault) -> str:
    fields = submission.form.fields if submission.form else ()
    emails = (submission.values[field.name] for field in fields if field.kind == "email")
    first = next((email for email in emails if email), "")
    return vault.blind_index(first.lower()) if first else ""


def _has_consented(submission: Submission) -> bool:
    """Whether the consent box was ticked; a consent text without a box of its own is agreed to by sending."""
    form = submission.form
    if form is None or not form.consent_text:
        return False
    box = next((field for field in form.fields if field.kind == "choice" and field.label == form.consent_text), None)
    return box is None or bool(submission.values[box.name])
