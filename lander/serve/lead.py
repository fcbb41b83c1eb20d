"""A lead as the journal takes it: what may be read in the clear, and the fields sealed."""

import hashlib
import json
from dataclasses import dataclass
from itertools import chain
from typing import Any

from experiments.events import Reason
from experiments.journal import Record
from lander.campaign import clean_query, host_of_referrer, read_campaign, read_click_ids
from lander.edge import Edge
from lander.email_addresses import find_addresses, normalise
from lander.published import Allocation, Form, Release
from lander.serve.counting import find_open_phase
from lander.serve.token import View
from lander.vault import Vault


@dataclass(frozen=True, slots=True)
class Touch:
    """Where the view that sent a form came from, as far as its visitor lets us know."""

    query: str
    referrer: str
    campaign: dict[str, str]
    click_ids: dict[str, str]


@dataclass(frozen=True, slots=True)
class Submission:
    """A form that passed its checks."""

    view: View
    release: Release | None  # None where the page has been taken away since
    form: Form | None  # None where the page no longer holds it
    values: dict[str, str]
    touch: Touch
    doubts: tuple[Reason, ...]
    host: str
    edge: Edge

    @property
    def allocation(self) -> Allocation | None:
        """What runs on the page now."""
        return self.release.allocation if self.release else None


def read_touch(query: str, referrer: str, *, has_gpc: bool) -> Touch:
    """What the form carried along, bounded again. Under Global Privacy Control nothing that singles a visitor out is kept:
    the names of the campaign, and no click id.
    """
    query = clean_query(query)
    campaign = read_campaign(query)
    if has_gpc:
        return Touch("", "", campaign, {})
    return Touch(query, host_of_referrer(f"//{referrer}"), campaign, read_click_ids(query))


def make_lead(submission: Submission, vault: Vault) -> Record:
    """The journal's row. Its id is a hash of view, form and content, so a repeated post is the same lead."""
    view, release, form, edge = submission.view, submission.release, submission.form, submission.edge
    open_phase = find_open_phase(view, submission.allocation)
    key = form.key if form else ""
    lead_id = _make_id(view, key, submission.values)
    touch = {
        "viewed_at_ms": view.issued_at_ms,
        "query": submission.touch.query,
        "referrer": submission.touch.referrer,
        "click_ids": submission.touch.click_ids,
    }
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
        "campaign": submission.touch.campaign,
        "touch": vault.seal(json.dumps(touch, ensure_ascii=False), context=f"{lead_id} touch"),
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
    """Of the first e-mail field that was filled in, else of the first address that stands anywhere."""
    fields = submission.form.fields if submission.form else ()
    declared = (submission.values[field.name] for field in fields if field.kind == "email")
    mentioned = (address for value in submission.values.values() for address in find_addresses(value))
    first = next((email for email in chain(map(normalise, declared), mentioned) if email), "")
    return vault.blind_index(first) if first else ""


def _has_consented(submission: Submission) -> bool:
    """Whether the consent box was ticked; a consent text without a box of its own is agreed to by sending."""
    form = submission.form
    if form is None or not form.consent_text:
        return False
    box = next((field for field in form.fields if field.kind == "choice" and field.label == form.consent_text), None)
    return box is None or bool(submission.values[box.name])
