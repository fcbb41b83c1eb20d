"""Leads: the list with its folders and filters, one lead with its timeline, stages, the export, and forgetting a person."""

from collections.abc import Iterator

from flask import Blueprint, Response, request
from sqlmodel import Session

from experiments.words import plural
from lander import erasure
from lander.access.gate import actor, caller, edge, studio, view
from lander.access.permissions import Permission
from lander.config import Settings
from lander.console.context import FormError
from lander.console.lead_screens import STAGE_WORDS, erase_screen, lead_screen, leads_address, leads_screen, read_asked
from lander.console.screens import go, show, tell, tell_done
from lander.db import reading, transaction
from lander.email_addresses import find_addresses
from lander.errors import InvalidInput
from lander.integrations.announce import Announcer
from lander.leads import export as exporting
from lander.leads import leads, stages
from lander.leads.leads import Which
from lander.leads.models import Stage
from lander.leads.money import parse_money, write_money
from lander.pages.sites import find_site, list_sites
from lander.vault import Vault

blueprint = Blueprint("leads", __name__)

_LEAD = "/leads/<lead_id>"


@view(blueprint, "/leads", permission=Permission.LEADS_READ)
def list_leads() -> Response:
    with reading(studio().engine) as session:
        screen = leads_screen(session)
    return show(screen, status=InvalidInput.status if screen.errors else 200)


@view(blueprint, "/leads/export", permission=Permission.LEADS_READ, methods=("POST",))
def export() -> Response:
    """The leads of the list as a file. Who takes them along is written down first, so it is a POST."""
    settings, engine = studio().settings, studio().engine
    with transaction(engine) as session:
        asked = read_asked(session)
        if not asked.errors:
            exporting.record_export(session, asked.which, actor=actor(), now=edge().now)
        currencies = {site.host: site.currency for site in list_sites(session)}
    if asked.errors:
        return list_leads_again(asked.errors)
    bom = "bom" in request.form
    response = Response(_stream(settings, asked.which, currencies, bom=bom), mimetype="text/csv")
    name = f"leads-{asked.site.host if asked.site else 'none'}-{edge().now:%Y-%m-%d}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@view(blueprint, "/leads/change", permission=Permission.LEADS_EDIT, methods=("POST",))
def change_leads() -> Response:
    """Put the ticked leads into a stage, or into the other folder."""
    ids, moving = request.form.getlist("lead"), request.form.get("move", "")
    try:
        with transaction(studio().engine) as session:
            if moving:
                said = _move(session, ids, to_spam=moving == "spam")
            else:
                stage = stages.read_stage(request.form.get("to_stage", ""))
                changed = stages.change_stage(session, ids, stage, actor=actor(), now=edge().now)
                said = f"{plural(changed, 'lead')} moved to “{STAGE_WORDS[stage]}”."
    except InvalidInput as error:
        return list_leads_again([FormError(error.message, "", error.fix)])
    return go(tell_done(leads_address(), [said]))


@view(blueprint, "/leads/erase", permission=Permission.LEADS_ERASE)
def show_erase() -> Response:
    """The form; for somebody who may read it, filled in with the address of the lead they come from.

    Where that holds none, or who asks may not know, the lead alone can be erased.
    """
    email, lead_id = "", request.args.get("lead", "")
    with reading(studio().engine) as session:
        if lead_id and caller().can(Permission.LEADS_READ):
            lead = leads.load_lead(session, Vault(studio().settings.secret_keys), lead_id)
            email = next((found for value in lead.fields.values() for found in find_addresses(value)), "")
        screen = erase_screen(session, email=email, lead_id="" if email else lead_id)
    return show(screen)


@view(blueprint, "/leads/erase", permission=Permission.LEADS_ERASE, methods=("POST",))
def erase() -> Response:
    settings, engine = studio().settings, studio().engine
    email, lead_id = request.form.get("email", ""), request.form.get("lead", "")
    try:
        with transaction(engine) as session:
            if lead_id:
                gone = erasure.erase_lead(session, lead_id, actor=actor(), now=edge().now)
            else:
                gone = erasure.erase_person(session, settings, email, actor=actor(), now=edge().now)
    except InvalidInput as error:
        with reading(engine) as session:
            wrong = FormError(error.message, "email", error.fix)
            screen = erase_screen(session, email=email, errors=[wrong])
        return show(screen, status=error.status)
    erasure.write_list(engine, settings)
    return go(tell(tell_done("/leads/erase", [gone.sentence]), [str(gone.doubt)] if gone.doubt else []))


@view(blueprint, _LEAD, permission=Permission.LEADS_READ)
def show_lead(lead_id: str) -> Response:
    with reading(studio().engine) as session:
        screen = lead_screen(session, lead_id)
    return show(screen)


@view(blueprint, f"{_LEAD}/stage", permission=Permission.LEADS_EDIT, methods=("POST",))
def change_lead(lead_id: str) -> Response:
    """Stage and value, which stand in one form."""
    typed = {name: request.form.get(name, "") for name in ("stage", "value")}
    try:
        with transaction(studio().engine) as session:
            lead = leads.load_stored(session, lead_id)
            site = find_site(session, lead.host)
            currency = site.currency if site else "EUR"
            value_minor = parse_money(typed["value"], currency)
            stage = stages.read_stage(typed["stage"])
            is_moved = stages.change_stage(session, [lead_id], stage, actor=actor(), now=edge().now)
            is_valued = stages.change_value(session, lead, value_minor, actor=actor(), now=edge().now)
    except InvalidInput as error:
        with reading(studio().engine) as session:
            is_stage = typed["stage"] not in list(Stage)
            wrong = FormError(error.message, "stage" if is_stage else "value", error.fix)
            screen = lead_screen(session, lead_id, errors=[wrong], typed=typed)
        return show(screen, status=error.status)
    said = [f"This lead is “{STAGE_WORDS[stage]}” now."] if is_moved else []
    if is_valued:
        said.append(
            f"It is worth {write_money(value_minor, currency)}." if value_minor is not None else "It has no value."
        )
    return go(tell_done(f"/leads/{lead_id}", said or ["Nothing was changed."]))


@view(blueprint, f"{_LEAD}/spam", permission=Permission.LEADS_EDIT, methods=("POST",))
def move_lead(lead_id: str) -> Response:
    with transaction(studio().engine) as session:
        lead = leads.load_stored(session, lead_id)
        said = _move(session, [lead.id], to_spam=request.form.get("move") == "spam")
    return go(tell_done(f"/leads/{lead_id}", [said]))


@view(blueprint, f"{_LEAD}/stage", permission=Permission.LEADS_READ)
@view(blueprint, f"{_LEAD}/spam", permission=Permission.LEADS_READ)
def show_after_refusal(lead_id: str) -> Response:
    """The address of a refused form, reloaded or mailed, leads to what it was about."""
    return go(f"/leads/{lead_id}")


@view(blueprint, "/leads/change", permission=Permission.LEADS_READ)
@view(blueprint, "/leads/export", permission=Permission.LEADS_READ)
def show_list_after_refusal() -> Response:
    """The same for the forms of the list."""
    return go(leads_address())


def list_leads_again(errors: list[FormError]) -> Response:
    """The list that a refused form stood in."""
    with reading(studio().engine) as session:
        screen = leads_screen(session, errors=errors)
    return show(screen, status=InvalidInput.status)


def _move(session: Session, ids: list[str], *, to_spam: bool) -> str:
    """Into the spam folder or out of it; what comes out is news for those who want to be told."""
    moved = stages.move_leads(session, ids, spam=to_spam, actor=actor(), now=edge().now)
    if to_spam:
        return f"{plural(len(moved), 'lead')} moved to the spam folder. What was told of them before is not taken back."
    told = Announcer(studio().settings).announce_leads(session, moved, now=edge().now)
    said = f"{plural(len(moved), 'lead')} taken out of the spam folder."
    return f"{said} {plural(told, 'message')} about that on the way." if told else said


def _stream(settings: Settings, which: Which, currencies: dict[str, str], *, bom: bool) -> Iterator[bytes]:
    """Its own look at the database: the view is over when the first line goes out."""
    engine = studio().engine

    def lines() -> Iterator[bytes]:
        with reading(engine) as session:
            vault = Vault(settings.secret_keys)
            for line in exporting.stream_csv(session, vault, which, currencies=currencies, bom=bom):
                yield line.encode()

    return lines()
