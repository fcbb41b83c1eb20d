"""What the screen of a page shows: drafts beside what visitors see, and what stands between the two.

Looking only: the gate is asked what publishing would find, and nothing is changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from experiments import lifecycle, results
from experiments.models import Experiment, Phase
from experiments.words import listing, name, plural
from lander.access.gate import caller, edge, origin_of, studio
from lander.access.permissions import Permission
from lander.console.context import (
    ExternalRow,
    FormRow,
    HistoryRow,
    PageScreen,
    TestChoice,
    VariantTab,
)
from lander.console.findings import count_refusals, finding_rows
from lander.console.places import Place
from lander.console.report_context import FormError
from lander.errors import NotFound
from lander.pages import pages, publish
from lander.pages.models import Page, Publication, StoredRelease, Version
from lander.pages.release import load_drafts, load_files
from lander.pages.report import Examined, ExternalReference, examine
from lander.policy.findings import Finding
from lander.policy.policy import Policy
from lander.policy.store import load_policy
from lander.preview import sign_preview

PREVIEW_TTL_S = 600
_MOST_HISTORY = 20
_ACTS = {
    "publish": "Published",
    "rollback": "Rolled back",
    "withdraw": "Taken away",
    "experiment start": "Test started",
    "experiment pause": "Test paused",
    "experiment resume": "Test resumed",
    "experiment stop": "Test ended",
}
_DURING = {"annotate": " while a test went on", "new-phase": ", a new phase began"}
STATES = {"live": "Live", "changed": "Live, drafts changed", "draft": "Draft", "withdrawn": "Taken away"}


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody had chosen when publishing was refused."""

    strip_external: bool = False
    during_test: str = ""
    findings: Sequence[Finding] | None = None
    errors: tuple[FormError, ...] = ()


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is known of a page before anything is put into words."""

    drafts: dict[str, Version]
    live: StoredRelease | None
    history: Sequence[Publication]
    running: tuple[Experiment, Phase] | None
    policy: Policy

    @property
    def state(self) -> str:
        if self.live is None:
            return "withdrawn" if self.history else "draft"
        return "changed" if any(self.is_changed(key) for key in self.drafts) else "live"

    def is_changed(self, key: str) -> bool:
        return self.live is not None and self.live.versions.get(key) != self.drafts[key].id


def page_screen(session: Session, place: Place, key: str, typed: Typed | None = None) -> PageScreen:
    """The whole screen, one variant in front."""
    typed = typed or Typed()
    facts = _load_facts(session, place.page)
    if key not in facts.drafts:
        raise NotFound(f"{place.label} has no variant {key}.", fix=f"Its variants are {', '.join(facts.drafts)}.")
    version = facts.drafts[key]
    found = typed.findings
    if found is None:
        found = publish.check_drafts(session, studio().settings, place.page)
    findings = finding_rows(found, place)
    examined = examine(
        version,
        slug=place.page.slug,
        files=load_files(session, [version], scripts=True),
        policy=facts.policy,
        thank_you=place.page.thank_you,
    )
    return PageScreen(
        slug=place.page.slug,
        label=place.label,
        base=f"/pages/{place.page.slug}",
        query=place.query,
        public_address=place.public_address,
        state=facts.state,
        state_word=STATES[facts.state],
        timezone=place.site.timezone,
        tabs=[
            VariantTab(
                key=other,
                address=variant_address(session, place, other),
                is_current=other == key,
                is_changed=facts.is_changed(other),
            )
            for other in facts.drafts
        ],
        key=key,
        version=version.number,
        saved_at=version.created_at,
        saved_by=version.created_by,
        source_address=place.at(f"/{key}/source"),
        preview_address=preview_address(place, key),
        changes=_say_changes(session, facts),
        test=_test_choice(session, facts),
        strip_external=typed.strip_external,
        during_test=typed.during_test,
        findings=findings,
        refusals=count_refusals(findings),
        externals=[_external_row(item.load.address, item, place, key) for item in _unique(examined)],
        forms=_form_rows(examined),
        notes=_say_rest(examined, place, version),
        history=_history_rows(facts),
        may_edit=caller().can(Permission.PAGES_EDIT),
        may_publish=caller().can(Permission.PAGES_PUBLISH),
        may_withdraw=caller().can(Permission.PAGES_WITHDRAW),
        errors=list(typed.errors),
    )


def variant_address(session: Session, place: Place, key: str) -> str:
    """`/pages/spring-sale/b`; where another page is called that, the variant is named in the query."""
    if pages.find_page(session, place.site, f"{place.page.slug}/{key}") is not None:
        return place.at(variant=key)
    return place.at(f"/{key}")


def preview_address(place: Place, key: str) -> str:
    """A signed link to the sealed draft, on the preview's own host."""
    settings = studio().settings
    path = sign_preview(settings, place.page_id, key, ttl_s=PREVIEW_TTL_S)
    return f"{origin_of(settings.preview_host)}{path}"


def _load_facts(session: Session, page: Page) -> _Facts:
    assert page.id is not None
    return _Facts(
        drafts=load_drafts(session, page),
        live=session.get(StoredRelease, page.release_id) if page.release_id else None,
        history=publish.history(session, page),
        running=lifecycle.find_running(session, page.id),
        policy=load_policy(session),
    )


def _say_changes(session: Session, facts: _Facts) -> list[str]:
    """What publishing will change, for whom, since when."""
    if facts.live is None:
        keys = listing([name(key) for key in facts.drafts])
        return [f"Visitors will see this page, {'again' if facts.history else 'for the first time'}: {keys}."]
    said = []
    for key, draft in facts.drafts.items():
        if not facts.is_changed(key):
            continue
        before = session.get(Version, facts.live.versions[key]) if key in facts.live.versions else None
        was = f"instead of version {before.number}" if before else "for the first time"
        said.append(f"{name(key)}: version {draft.number} goes live {was}. {_say_audience(facts, key)}")
    if not said:
        said.append("Nothing has changed: visitors see what you see here.")
    if facts.live.policy_version != facts.policy.version:
        said.append(f"Your policy is version {facts.policy.version} now; the page went live under an earlier one.")
    return said


def _say_audience(facts: _Facts, key: str) -> str:
    if facts.running is not None:
        experiment, phase = facts.running
        if key in phase.weights and experiment.state == "running":
            return f"Its visitors in {experiment.key} see it."
        return "Nobody sees it: it takes no part in the test."
    return "Every visitor sees it." if key == min(facts.drafts) else "Nobody sees it before a test includes it."


def _test_choice(session: Session, facts: _Facts) -> TestChoice | None:
    if facts.running is None:
        return None
    experiment = facts.running[0]
    visitors = sum(item.confirmed for item in results.report(session, experiment, now=edge().now).variants)
    return TestChoice(
        key=experiment.key,
        address=f"/experiments/{experiment.key}",
        set_aside=f"The {plural(visitors, 'visitor')} counted so far are set aside." if visitors else "",
    )


def _unique(examined: Examined) -> list[ExternalReference]:
    """Each address once, where it stands first."""
    return list({item.load.address: item for item in reversed(examined.external)}.values())[::-1]


def _external_row(address: str, item: ExternalReference, place: Place, key: str) -> ExternalRow:
    return ExternalRow(
        address=address,
        kind=f"{item.load.element}{f', by way of {item.load.via}' if item.load.via else ''}",
        line=item.load.line,
        line_address=f"{place.at(f'/{key}/source')}#line-{item.load.line}",
        is_allowed=item.finding is None,
    )


def _form_rows(examined: Examined) -> list[FormRow]:
    return [
        FormRow(
            line=form.line,
            fields=[item.label or item.name for item in form.form.fields if item.kind != "hidden"],
            changes=[*form.sentences, *form.notes],
            problems=list(form.problems),
        )
        for form in examined.forms
    ]


def _say_rest(examined: Examined, place: Place, version: Version) -> list[str]:
    said = list(examined.left_alone)
    if examined.scripts:
        said.append(f"Scripts of its own: {listing(list(examined.scripts))}.")
    others = sorted(slug for slug in version.links.values() if slug != place.page.slug)
    if others:
        said.append(f"It came with {listing([f'/{slug}' for slug in others])}; links between them are kept.")
    if examined.forms:
        where = f"come to {place.page.thank_you}" if place.page.thank_you else "see a plain page that thanks them"
        said.append(f"After a form, visitors {where}.")
    return said


def _history_rows(facts: _Facts) -> list[HistoryRow]:
    live = facts.live.id if facts.live is not None else ""
    rows: list[HistoryRow] = []
    for act in facts.history[:_MOST_HISTORY]:
        is_live = act.release_id == live and not any(row.is_live for row in rows)
        rows.append(
            HistoryRow(
                at=act.at,
                by=act.by,
                what=_ACTS.get(act.reason, act.reason.capitalize()) + _DURING.get(act.during_test, ""),
                is_live=is_live,
                release=act.release_id if act.release_id and act.release_id != live else "",
            )
        )
    return rows
