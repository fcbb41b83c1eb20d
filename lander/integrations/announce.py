"""What has happened becomes deliveries, one for each receiver that wants to know; nothing is sent here.

A delivery's id says what it tells and to whom, so the same lead, conversion, publication or decision told twice is one
delivery. The content is written down encrypted, as it was when it happened: every attempt sends the same bytes.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from experiments.events import Event, Kind
from experiments.models import Experiment, State
from lander.config import Settings
from lander.integrations.conversions import find_conversions
from lander.integrations.models import Delivery, MailRecipient, Webhook
from lander.integrations.webhook.message import make_payload
from lander.integrations.webhook.receivers import Event as Told
from lander.integrations.webhook.receivers import find_last_publication
from lander.leads.models import Lead
from lander.pages.models import Page, Publication, Site
from lander.vault import Vault

_CHUNK: Final = 500
_MOST_PUBLICATIONS: Final = 500  # at once; the rest comes a moment later


class Announcer:
    """Writes deliveries into the session's transaction, under the process's secrets."""

    def __init__(self, settings: Settings) -> None:
        self._vault = Vault(settings.secret_keys)
        self._studio = f"{settings.scheme}://{settings.studio_host}"

    def announce_leads(self, session: Session, ids: Sequence[str], *, now: datetime) -> int:
        """Tell of leads that are there now, in the transaction that stored them; how many deliveries that made.

        Leads in the spam folder and simulated ones are nobody's news.
        """
        if not ids:
            return 0
        webhooks = _list_open(session, Told.LEAD_CREATED)
        recipients = session.exec(select(MailRecipient).order_by(col(MailRecipient.id))).all()
        if not webhooks and not recipients:
            return 0
        sites = {site.host: site for site in session.exec(select(Site))}
        made: list[Delivery] = []
        for lead in _load_leads(session, ids):
            site = sites.get(lead.host)
            if site is None or lead.spam or lead.simulated:
                continue
            data = self._describe_lead(lead)
            made += [
                self._make(f"lead-{lead.id}", webhook, Told.LEAD_CREATED, data, about=data["page"], lead=lead, now=now)
                for webhook in webhooks
                if webhook.site_id == site.id
            ]
            addresses = {
                recipient.address: recipient
                for recipient in recipients
                if recipient.site_id == site.id and recipient.page_id in (None, lead.page_id)
            }
            made += [self._make_mail(lead, recipient, data, site, now=now) for recipient in addresses.values()]
        return _add_new(session, made)

    def announce_conversions(self, session: Session, events: Sequence[Event], *, now: datetime) -> int:
        """Tell of the conversions among events, in the transaction that took them in; how many deliveries that made."""
        if not any(event.kind is Kind.CONVERSION for event in events):
            return 0
        webhooks = _list_open(session, Told.CONVERSION_RECORDED)
        sites = {webhook.site_id for webhook in webhooks}
        made: list[Delivery] = []
        for conversion in find_conversions(session, events, sites=sites) if sites else ():
            data = {
                "id": conversion.id,
                "experiment": conversion.experiment,
                "page": conversion.page,
                "phase": conversion.phase,
                "variant": conversion.variant,
                "goal": conversion.goal,
                "at": conversion.at.isoformat(),
                "link": f"{self._studio}/experiments/{conversion.experiment}/report",
            }
            key = f"conversion-{conversion.id}"
            made += [
                self._make(key, webhook, Told.CONVERSION_RECORDED, data, about=conversion.page, now=now)
                for webhook in webhooks
                if webhook.site_id == conversion.site_id and webhook.enabled_at <= conversion.at
            ]
        return _add_new(session, made)

    def announce_changes(self, session: Session, *, now: datetime) -> int:
        """Tell of publications and decisions that came since; how many deliveries that made."""
        made = [*self._publications(session, now), *self._decisions(session, now)]
        return _add_new(session, made)

    def make_test(
        self, webhook: Webhook | MailRecipient, site: Site, *, key: str, actor: str, now: datetime
    ) -> Delivery:
        """The delivery of a test, not yet in any session."""
        if isinstance(webhook, Webhook):
            data = {"site": site.host, "asked_by": actor, "message": "This is the test that was asked for."}
            return self._make(f"test-{key}", webhook, "test", data, about=site.host, now=now)
        data = {"page": site.host, "actor": actor, "deliveries": f"{self._studio}/deliveries"}
        return self._seal(
            Delivery(
                id=f"test-{key}-mail-{webhook.id}",
                recipient_id=webhook.id,
                event="test",
                about=site.host,
                payload=json.dumps(data),
                next_at=now,
                created_at=now,
            )
        )

    def _describe_lead(self, lead: Lead) -> dict[str, Any]:
        return {
            "id": lead.id,
            "page": f"{lead.host}{lead.path}",
            "form": lead.form,
            "variant": lead.variant,
            "experiment": lead.experiment_key,
            "phase": lead.phase,
            "fields": _open_fields(lead, self._vault),
            "consent": {
                "text": lead.consent_text,
                "at": None if lead.consented_at is None else lead.consented_at.isoformat(),
            },
            "campaign": lead.campaign,
            "received_at": lead.received_at.isoformat(),
            "link": f"{self._studio}/leads/{lead.id}",
        }

    def _make_mail(
        self, lead: Lead, recipient: MailRecipient, told: Mapping[str, Any], site: Site, *, now: datetime
    ) -> Delivery:
        received = lead.received_at.astimezone(ZoneInfo(site.timezone))
        data = {
            "page": told["page"],
            "variant": lead.variant.upper(),
            "received": f"{received:%Y-%m-%d %H:%M} ({site.timezone})",
            "link": told["link"],
            "deliveries": f"{self._studio}/deliveries",
        }
        return self._seal(
            Delivery(
                id=f"lead-{lead.id}-mail-{recipient.id}",
                recipient_id=recipient.id,
                event=Told.LEAD_CREATED,
                about=told["page"],
                lead_id=lead.id,
                payload=json.dumps(data),
                next_at=now,
                created_at=now,
            )
        )

    def _publications(self, session: Session, now: datetime) -> Iterator[Delivery]:
        for webhook in _list_open(session, Told.PAGE_PUBLISHED):
            query = (
                select(Publication, Page, Site)
                .join(Page, col(Page.id) == col(Publication.page_id))
                .join(Site, col(Site.id) == col(Page.site_id))
                .where(col(Publication.id) > webhook.told_publication, Page.site_id == webhook.site_id)
                .order_by(col(Publication.id))
                .limit(_MOST_PUBLICATIONS)
            )
            found = session.exec(query).all()
            for publication, page, site in found:
                if publication.release_id is None:  # taken away
                    continue
                data = {
                    "page": f"{site.host}/{page.slug}",
                    "release": publication.release_id,
                    "reason": publication.reason,
                    "by": publication.by,
                    "at": publication.at.isoformat(),
                }
                key = f"publication-{publication.id}"
                yield self._make(key, webhook, Told.PAGE_PUBLISHED, data, about=data["page"], now=now)
            is_all = len(found) < _MOST_PUBLICATIONS
            webhook.told_publication = find_last_publication(session) if is_all else found[-1][0].id or 0
            session.add(webhook)

    def _decisions(self, session: Session, now: datetime) -> Iterator[Delivery]:
        for webhook, experiment, page, site in _list_decisions(session):
            data = {
                "experiment": experiment.key,
                "page": f"{site.host}/{page.slug}",
                "hypothesis": experiment.hypothesis,
                "control": experiment.control,
                "shipped": experiment.shipped,
                "reason": experiment.reason,
                "started_at": experiment.created_at.isoformat(),
                "ended_at": experiment.ended_at.isoformat() if experiment.ended_at else None,
                "link": f"{self._studio}/experiments/{experiment.key}/report",
            }
            key = f"experiment-{experiment.id}"
            yield self._make(key, webhook, Told.EXPERIMENT_DECIDED, data, about=experiment.key, now=now)

    def _make(
        self,
        key: str,
        webhook: Webhook,
        event: str,
        data: Mapping[str, Any],
        *,
        about: str,
        now: datetime,
        lead: Lead | None = None,
    ) -> Delivery:
        return self._seal(
            Delivery(
                id=f"{key}-{webhook.id}",
                webhook_id=webhook.id,
                event=event,
                about=about,
                lead_id=lead.id if lead else "",
                payload=make_payload(event, data, at=now),
                next_at=now,
                created_at=now,
            )
        )

    def _seal(self, delivery: Delivery) -> Delivery:
        delivery.payload = self._vault.seal(delivery.payload, context=delivery.id)
        return delivery


def has_news(session: Session) -> bool:
    """Whether `announce_changes` has anything to do; a look that holds nobody up."""
    last = find_last_publication(session)
    if any(webhook.told_publication < last for webhook in _list_open(session, Told.PAGE_PUBLISHED)):
        return True
    return next(_list_decisions(session), None) is not None


def _list_open(session: Session, event: Told) -> list[Webhook]:
    query = select(Webhook).where(col(Webhook.disabled_at).is_(None)).order_by(col(Webhook.id))
    return [webhook for webhook in session.exec(query) if event in webhook.events]


def _list_decisions(session: Session) -> Iterator[tuple[Webhook, Experiment, Page, Site]]:
    """Experiments that ended while a webhook was on the list, and that it was not told of."""
    for webhook in _list_open(session, Told.EXPERIMENT_DECIDED):
        told = select(Delivery.id).where(
            Delivery.webhook_id == webhook.id,
            Delivery.event == Told.EXPERIMENT_DECIDED,
            Delivery.about == Experiment.key,
        )
        query = (
            select(Experiment, Page, Site)
            .join(Page, col(Page.id) == col(Experiment.page_id))
            .join(Site, col(Site.id) == col(Page.site_id))
            .where(
                Experiment.state == State.ENDED,
                col(Experiment.ended_at) >= webhook.enabled_at,
                Page.site_id == webhook.site_id,
                ~told.exists(),
            )
            .order_by(col(Experiment.id))
        )
        for experiment, page, site in session.exec(query):
            yield webhook, experiment, page, site


def _load_leads(session: Session, ids: Sequence[str]) -> Iterator[Lead]:
    for at in range(0, len(ids), _CHUNK):
        yield from session.exec(
            select(Lead).where(col(Lead.id).in_(ids[at : at + _CHUNK])).order_by(col(Lead.received_at), col(Lead.id))
        )


def _open_fields(lead: Lead, vault: Vault) -> dict[str, str]:
    """Empty where no secret of ours opens them: the receiver is told all the same, and the studio says why."""
    try:
        return dict(json.loads(vault.open(lead.sealed, context=lead.id)))
    except ValueError:
        return {}


def _add_new(session: Session, made: Sequence[Delivery]) -> int:
    """Add those that are not there yet."""
    known: set[str] = set()
    ids = [delivery.id for delivery in made]
    for at in range(0, len(ids), _CHUNK):
        known |= set(session.exec(select(Delivery.id).where(col(Delivery.id).in_(ids[at : at + _CHUNK]))))
    new = [delivery for delivery in made if delivery.id not in known]
    session.add_all(new)
    session.flush()
    return len(new)
