"""Leads in words: from what is stored to what their screens show, and from an address to the leads it means."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

from flask import request
from sqlmodel import Session, col, func, select

from experiments.words import listing, plural
from lander.access.gate import caller, studio
from lander.access.permissions import Permission
from lander.campaign import PARAMETERS
from lander.console.context import FormError
from lander.console.lead_context import Choice, EraseScreen, LeadRow, LeadScreen, LeadsScreen, StageTab, TimelineRow
from lander.console.places import Place, find_site, has_several, site_options
from lander.integrations.models import Delivery, DeliveryState, MailRecipient, Webhook
from lander.leads import leads
from lander.leads.leads import CANNOT_BE_OPENED, OpenLead, Which
from lander.leads.models import NOT_SPAM, SPAM, Erasure, LeadEntry, Stage
from lander.leads.money import write_amount, write_money
from lander.pages.models import Page, Site
from lander.vault import Vault

ON_A_PAGE: Final = 50
STAGE_WORDS: Final[Mapping[Stage, str]] = {
    Stage.NEW: "New",
    Stage.QUALIFIED: "Qualified",
    Stage.WON: "Won",
    Stage.LOST: "Lost",
}
_DOUBTS: Final[Mapping[str, str]] = {
    "honeypot": "filled in a field that people do not see",
    "too-fast": "sent within two seconds",
    "token-expired": "sent more than a day after the page was opened",
    "unknown-form": "its form is no longer on the page, so nobody checked the fields",
    "repeated-token": "not the first form of the same page view",
    "bot": "its browser says that it is a bot",
    "rate": "more than five in a minute from the same network",
    "qa": "sent through a QA link",
    CANNOT_BE_OPENED: "its fields were sealed with a secret that is gone: IT puts it back into LANDER_SECRET_KEYS",
}
_CAMPAIGN_WORDS: Final[Mapping[str, str]] = {
    "utm_source": "Source",
    "utm_medium": "Medium",
    "utm_campaign": "Campaign",
    "utm_term": "Term",
    "utm_content": "Content",
    "utm_id": "Campaign id",
}
_DELIVERY_WORDS: Final[Mapping[str, str]] = {
    DeliveryState.WAITING: "waits, or is tried again",
    DeliveryState.DELIVERED: "arrived",
    DeliveryState.DEAD: "given up",
}
_LONGEST_LINE: Final = 90
_LONGEST_SEARCH: Final = 200
_KEPT: Final = ("site", "folder", "stage", "page", "variant", "source", "campaign", "since", "until", "q")


@dataclass(frozen=True, slots=True)
class Asked:
    """The leads that an address means: of which site, which of them, what is searched for, and what it got wrong."""

    site: Site | None
    which: Which
    words: str
    errors: list[FormError] = field(default_factory=list)


def read_asked(session: Session) -> Asked:
    """What the request's address or form says."""
    site = find_site(session)
    errors: list[FormError] = []
    zone = ZoneInfo(site.timezone if site else "UTC")
    since, until = (_read_day(name, errors) for name in ("since", "until"))
    stage = _value("stage")
    if stage not in ("", *Stage):
        errors.append(FormError("There is no such stage.", "", "A lead is new, qualified, won or lost."))
        stage = ""
    which = Which(
        host=site.host if site else None,
        spam=_value("folder") == "spam",
        page_id=_read_page(session, site, errors),
        variant=_value("variant") or None,
        source=_value("source") or None,
        campaign=_value("campaign") or None,
        stage=Stage(stage) if stage else None,
        since=_start_of(since, zone) if since else None,
        until=_start_of(until + timedelta(days=1), zone) if until and until < date.max else None,
    )
    return Asked(site, which, _value("q").strip()[:_LONGEST_SEARCH], errors)


def leads_screen(session: Session, *, errors: Sequence[FormError] = ()) -> LeadsScreen:
    """The list that the request asks for."""
    asked = read_asked(session)
    site, which = asked.site, asked.which
    vault = Vault(studio().settings.secret_keys)
    folder = Which(host=which.host, spam=which.spam)
    spam_count = leads.count_leads(session, Which(host=which.host, spam=True))
    found, said, has_more, elsewhere = _find(session, vault, asked)
    currency = site.currency if site else "EUR"
    is_filtered = bool(asked.words) or which != folder
    return LeadsScreen(
        site=site.host if site else "",
        sites=site_options(session, site),
        timezone=site.timezone if site else "UTC",
        is_spam=bool(which.spam),
        inbox_address=_address(folder=""),
        spam_address=_address(folder="spam"),
        spam_count=spam_count,
        tabs=list(_tabs(session, which, currency)),
        pages=_page_choices(session, folder),
        variants=_choices("variant", leads.list_variants(session, folder)),
        sources=_choices("source", leads.list_choices(session, folder, "utm_source")),
        campaigns=_choices("campaign", leads.list_choices(session, folder, "utm_campaign")),
        since=_value("since"),
        until=_value("until"),
        query=asked.words,
        is_filtered=is_filtered,
        clear_address=_address(**dict.fromkeys(_KEPT[2:], "")),
        said=said,
        elsewhere=f"{plural(elsewhere, 'lead')} of this address" if elsewhere else "",
        elsewhere_address=_address(**dict.fromkeys(_KEPT[2:-1], ""), folder="" if which.spam else "spam"),
        rows=[_row(lead, currency) for lead in found],
        older=_address(before=_cursor(found[-1])) if has_more else "",
        kept=[(name, _value(name)) for name in _KEPT if _value(name)],
        has_any=bool(found) or bool(spam_count) or leads.count_leads(session, Which(host=which.host)) > 0,
        may_edit=caller().can(Permission.LEADS_EDIT),
        errors=[*asked.errors, *errors],
    )


def lead_screen(
    session: Session, lead_id: str, *, errors: Sequence[FormError] = (), typed: Mapping[str, str] | None = None
) -> LeadScreen:
    """A lead; `typed` is what stood in its form."""
    typed = typed or {}
    lead = leads.load_lead(session, Vault(studio().settings.secret_keys), lead_id)
    site = session.exec(select(Site).where(Site.host == lead.host)).first()
    page = session.get(Page, lead.page_id)
    currency = site.currency if site else "EUR"
    chosen = typed.get("stage", lead.stage.value)
    value = "" if lead.value_minor is None else write_amount(lead.value_minor, currency)
    return LeadScreen(
        id=lead.id,
        who=name_of(lead),
        back="/leads" + (f"?{urlencode({'site': lead.host})}" if has_several(session) else ""),
        timezone=site.timezone if site else "UTC",
        received_at=lead.received_at,
        page=f"{lead.host}{lead.path}",
        page_address=Place(site, page, has_several(session)).at() if site and page else "",
        fields=list(lead.fields.items()),
        cannot_be_opened=CANNOT_BE_OPENED in lead.flags,
        consent_text=lead.consent_text,
        consent_id=lead.consent_id,
        consented_at=lead.consented_at,
        campaign=[(_CAMPAIGN_WORDS.get(name, name), value) for name, value in lead.campaign.items()],
        click_ids=list(lead.click_ids.items()),
        landing=lead.landing,
        referrer=lead.referrer,
        timeline=_timeline(session, lead, currency),
        stages=[Choice(stage.value, word, stage.value == chosen) for stage, word in STAGE_WORDS.items()],
        stage_word=STAGE_WORDS[lead.stage],
        value=typed.get("value", value),
        currency=currency,
        is_spam=lead.spam,
        is_simulated=lead.simulated,
        doubts=_say_doubts(lead),
        may_edit=caller().can(Permission.LEADS_EDIT),
        may_erase=caller().can(Permission.LEADS_ERASE),
        errors=list(errors),
    )


def erase_screen(
    session: Session, *, email: str = "", lead_id: str = "", errors: Sequence[FormError] = ()
) -> EraseScreen:
    """The form that forgets a person, and the one for a lead without an address."""
    times = session.exec(select(func.count(func.distinct(col(Erasure.at))))).one()
    may_read = caller().can(Permission.LEADS_READ)
    return EraseScreen(email=email, lead_id=lead_id, people=times, may_read=may_read, errors=list(errors))


def name_of(lead: OpenLead) -> str:
    """What a lead is called in a list: an address if there is one, else the first thing that was filled in."""
    values = [value for value in lead.fields.values() if value]
    return _cut(next((value for value in values if "@" in value), next(iter(values), "A lead without content")), 60)


def leads_address() -> str:
    """The list that a form came from."""
    return _address()


def _find(session: Session, vault: Vault, asked: Asked) -> tuple[list[OpenLead], str, bool, int]:
    """The leads to show, how many in words, whether there are older ones, and how many are in the other folder instead."""
    if asked.words:
        result = leads.search_leads(session, vault, asked.words, asked.which, limit=ON_A_PAGE)
        if result.is_by_email:
            return result.leads, f"{plural(len(result.leads), 'lead')} of exactly this address.", False, 0
        said = f"{plural(len(result.leads), 'lead')} with these words in the newest {result.searched:,}."
        if len(result.leads) == ON_A_PAGE:
            said = f"The newest {ON_A_PAGE} leads with these words. More words find fewer."
        elif result.searched < result.of:
            said += f" There are {result.of:,}: narrow them with the filters, or search for a whole e-mail address."
        return result.leads, said, False, result.elsewhere
    found = leads.list_leads(session, vault, asked.which, before=_read_cursor(), limit=ON_A_PAGE + 1)
    total = leads.count_leads(session, asked.which)
    return found[:ON_A_PAGE], f"{plural(total, 'lead')}.", len(found) > ON_A_PAGE, 0


def _tabs(session: Session, which: Which, currency: str) -> Iterator[StageTab]:
    counts = leads.count_stages(session, which)
    total = sum(item.leads for item in counts)
    yield StageTab("", "All", total, "", _address(stage=""), which.stage is None)
    for item in counts:
        value = write_money(item.value_minor, currency) if item.value_minor else ""
        address = _address(stage=item.stage.value)
        yield StageTab(item.stage.value, STAGE_WORDS[item.stage], item.leads, value, address, which.stage is item.stage)


def _row(lead: OpenLead, currency: str) -> LeadRow:
    who = name_of(lead)
    others = [
        " ".join(value.split())
        for name, value in lead.fields.items()
        if value and value != who and name not in PARAMETERS and value not in ("on", "yes")
    ]
    return LeadRow(
        id=lead.id,
        address=f"/leads/{lead.id}",
        who=who,
        says=_cut(" · ".join(others), _LONGEST_LINE),
        page=lead.path.lstrip("/") or lead.host,
        variant=lead.variant,
        source=" / ".join(filter(None, (lead.campaign.get("utm_source"), lead.campaign.get("utm_campaign")))),
        stage=lead.stage.value,
        stage_word=STAGE_WORDS[lead.stage],
        value="" if lead.value_minor is None else write_money(lead.value_minor, currency),
        received_at=lead.received_at,
        doubts=_say_doubts(lead),
        is_simulated=lead.simulated,
    )


def _timeline(session: Session, lead: OpenLead, currency: str) -> list[TimelineRow]:
    """From the click to what was sent out; the earliest first."""
    rows = [
        TimelineRow(lead.viewed_at, _say_arrival(lead), "", f"Landed on {lead.landing}"),
        TimelineRow(lead.viewed_at, f"Saw variant {lead.variant.upper()}", "", _say_test(lead)),
        TimelineRow(lead.received_at, "Sent the form", "", _say_consent(lead)),
        *(_say_entry(entry, currency) for entry in leads.list_entries(session, lead.id)),
        *(_list_deliveries(session, lead) if caller().can(Permission.DELIVERIES_READ) else ()),
    ]
    return sorted(rows, key=lambda row: row.at or lead.received_at)


def _say_arrival(lead: OpenLead) -> str:
    named = " / ".join(
        lead.campaign[name] for name in ("utm_source", "utm_medium", "utm_campaign") if name in lead.campaign
    )
    if lead.click_ids:
        return f"Clicked an ad: {named or listing(list(lead.click_ids))}"
    if named:
        return f"Followed a tagged link: {named}"
    return f"Came from {lead.referrer}" if lead.referrer else "Came directly, or from a page that does not say so"


def _say_test(lead: OpenLead) -> str:
    return f"In the test {lead.experiment_key}, phase {lead.phase}" if lead.experiment_key else "No test was running"


def _say_consent(lead: OpenLead) -> str:
    if lead.consented_at is not None:
        return f"Agreed to text {lead.consent_id}"
    return f"Did not agree to text {lead.consent_id}" if lead.consent_text else ""


def _say_entry(entry: LeadEntry, currency: str) -> TimelineRow:
    before, after = entry.details.get("before"), entry.details.get("after")
    if entry.kind == "stage":
        what = f"{STAGE_WORDS[Stage(str(before))]} → {STAGE_WORDS[Stage(str(after))]}"
    elif entry.kind == "value":
        what = f"Worth {write_money(after, currency)}" if after is not None else "Worth nothing yet"
        return TimelineRow(
            entry.at, what, entry.by, f"Before: {write_money(before, currency)}" if before is not None else ""
        )
    else:
        what = {SPAM: "Moved to the spam folder", NOT_SPAM: "Taken out of the spam folder"}.get(entry.kind, entry.kind)
    return TimelineRow(entry.at, what, entry.by, "")


def _list_deliveries(session: Session, lead: OpenLead) -> Iterator[TimelineRow]:
    query = (
        select(Delivery, Webhook.url, MailRecipient.address)
        .join(Webhook, col(Webhook.id) == col(Delivery.webhook_id), isouter=True)
        .join(MailRecipient, col(MailRecipient.id) == col(Delivery.recipient_id), isouter=True)
        .where(Delivery.lead_id == lead.id)
        .order_by(col(Delivery.created_at), col(Delivery.id))
    )
    for delivery, url, address in session.exec(query):
        to = f"webhook to {urlsplit(url).hostname}" if url else f"e-mail to {address}"
        state = _DELIVERY_WORDS.get(delivery.state, delivery.state)
        yield TimelineRow(delivery.created_at, f"Told: {to}", "", state.capitalize(), f"/deliveries/{delivery.id}")


def _say_doubts(lead: OpenLead) -> list[str]:
    return [_DOUBTS.get(flag, flag) for flag in lead.flags]


def _page_choices(session: Session, folder: Which) -> list[Choice]:
    ids = leads.list_page_ids(session, folder)
    slugs = session.exec(select(Page.slug).where(col(Page.id).in_(ids)).order_by(col(Page.slug)))
    return _choices("page", list(slugs))


def _choices(name: str, values: Iterable[str]) -> list[Choice]:
    """What can be chosen, and what is chosen though no lead has it any more."""
    chosen = _value(name)
    known = list(values)
    return [
        Choice(value, value, value == chosen)
        for value in [*known, *([chosen] if chosen and chosen not in known else [])]
    ]


def _read_page(session: Session, site: Site | None, errors: list[FormError]) -> int | None:
    slug = _value("page")
    if not slug or site is None:
        return None
    page_id = session.exec(select(Page.id).where(Page.site_id == site.id, Page.slug == slug)).first()
    if page_id is None:
        errors.append(FormError(f"There is no page at {site.host}/{slug}.", "", "Choose one of the list."))
    return page_id


def _read_day(name: str, errors: list[FormError]) -> date | None:
    text = _value(name)
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        errors.append(FormError(f"“{text[:20]}” is not a day.", name, "Write it like 2026-11-21."))
        return None


def _start_of(day: date, zone: ZoneInfo) -> datetime | None:
    try:
        return datetime.combine(day, time(), zone).astimezone(UTC)
    except OverflowError:  # the first and last days that there are
        return None


def _cursor(lead: OpenLead) -> str:
    return f"{lead.received_at.isoformat()}~{lead.id}"


def _read_cursor() -> tuple[datetime, str] | None:
    at, _, lead_id = _value("before").partition("~")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    return (moment, lead_id) if moment.tzinfo is not None else None


def _value(name: str) -> str:
    """A filter of this request; what no database can hold is no value of anything."""
    found = request.values.get(name, "")
    return "" if "\0" in found else found


def _address(**changes: str) -> str:
    """The list with these filters changed and the others as they are."""
    filters = {name: _value(name) for name in _KEPT} | changes
    query = urlencode({name: value for name, value in filters.items() if value})
    return f"/leads?{query}" if query else "/leads"


def _cut(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"
