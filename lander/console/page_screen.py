"""What the screen of a page shows: drafts beside what visitors see, and what stands between the two.

Looking only: the gate is asked what publishing would find, and nothing is changed.
"""

from flask import request
from sqlmodel import Session

from experiments.words import listing, plural
from lander.access.gate import caller, origin_of, studio
from lander.access.permissions import Permission
from lander.console.findings import finding_rows
from lander.console.page_context import ExternalRow, FormRow, HistoryRow, PageScreen, VariantTab
from lander.console.page_rows import STATES
from lander.console.places import Place
from lander.console.publish_box import Facts, Typed, load_facts, publish_box
from lander.console.schedules import rows_of, schedule_address
from lander.document import Document
from lander.errors import NotFound
from lander.pages import pages, publish
from lander.pages.meta import load_meta, plan_tags
from lander.pages.models import Version
from lander.pages.regions import Region, read_regions
from lander.pages.release import load_files
from lander.pages.report import Examined, ExternalReference, examine
from lander.pages.schedules import State
from lander.policy.findings import Severity, count_refusals, say_in_the_way
from lander.policy.fine import list_fine
from lander.preflight import look_ahead
from lander.preview import sign_preview

_MOST_HISTORY = 20
_UNDOABLE = ("saved", "replaced", "brought", "version-restored", "undone")
_ACTS = {
    "publish": "Published",
    "rollback": "Rolled back",
    "withdraw": "Taken away",
    "rename": "Renamed",
    "experiment start": "Test started",
    "experiment pause": "Test paused",
    "experiment resume": "Test resumed",
    "experiment stop": "Test ended",
}
_DURING = {"annotate": " while a test went on", "new-phase": ", a new phase began"}


def page_screen(session: Session, place: Place, key: str, typed: Typed | None = None) -> PageScreen:
    """The whole screen, one variant in front."""
    typed = typed or Typed()
    facts = load_facts(session, place.page)
    if key not in facts.drafts:
        raise NotFound(f"{place.label} has no variant {key}.", fix=f"Its variants are {', '.join(facts.drafts)}.")
    version = facts.drafts[key]
    strip = facts.strips if typed.strip_external is None else typed.strip_external
    look = publish.look_at_drafts(
        session,
        studio().settings,
        place.page,
        strip_external=strip,
        preflight=look_ahead if typed.findings is None else None,
    )
    found = look.findings if typed.findings is None else typed.findings
    documents = {other: Document(draft.source) for other, draft in facts.drafts.items()}
    regions = {other: read_regions(document).found for other, document in documents.items()}
    findings = finding_rows(
        found,
        place,
        may_bring=caller().can(Permission.PAGES_EDIT),
        regions={other: [_lines_of(region, documents[other]) for region in mine] for other, mine in regions.items()},
    )
    refusals = count_refusals(found)
    examined = examine(
        version,
        slug=place.page.slug,
        files=load_files(session, [version], scripts=True),
        policy=facts.policy,
        thank_you=place.page.thank_you,
    )
    names = pages.name_variants(session, place.page_id)
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
                name=names[other],
            )
            for other in facts.drafts
        ],
        key=key,
        name=names[key],
        version=version.number,
        saved_at=version.created_at,
        saved_by=version.created_by,
        source_address=place.at(f"/{key}/source"),
        edit_address=place.at(f"/{key}/edit"),
        tagging_address=place.at(f"/{key}/regions"),
        regions=len(regions[key]),
        preview_address=preview_address(place, key),
        share_address=place.at(f"/{key}/share"),
        history_address=place.at(f"/{key}/history"),
        images_address=place.at(f"/{key}/images"),
        visit_address=place.at(f"/{key}/visit"),
        links_address=place.at(f"/{key}/links"),
        undo=_find_undo(version),
        schedule_address=schedule_address(place),
        scheduled=rows_of(session, State.WAITING, page=place.page),
        box=publish_box(session, place, facts, findings, is_live=look.is_live, strip=strip, typed=typed),
        in_the_way=[row for row in findings if row.severity == Severity.REFUSE],
        worth_mending=[row for row in findings if row.severity == Severity.WARN],
        fine=list_fine(found, facts.policy),
        findings_title=_title_findings(refusals, len(findings)),
        search_address=place.at("/search"),
        externals=[_external_row(item, place, key) for item in _unique(examined)],
        forms=_form_rows(examined),
        notes=_say_rest(examined, place, version, documents[key]),
        history=_history_rows(facts),
        may_edit=caller().can(Permission.PAGES_EDIT),
        may_withdraw=caller().can(Permission.PAGES_WITHDRAW),
        errors=list(typed.errors),
    )


def _title_findings(refusals: int, findings: int) -> str:
    if refusals:
        return say_in_the_way(refusals)
    return f"{plural(findings, 'thing')} worth mending" if findings else "Nothing to mend"


def _lines_of(region: Region, document: Document) -> tuple[int, int]:
    """First and last line of what can be edited beside the preview."""
    return region.element.line, document.line(region.element.close_end)


def _find_undo(version: Version) -> int:
    """The version that a click takes back: the one that this person has just saved. 0 where there is none."""
    has_just_saved = request.args.get("notice") in _UNDOABLE and version.created_by == caller().user.name
    return version.number if has_just_saved and version.number > 1 and caller().can(Permission.PAGES_EDIT) else 0


def variant_address(session: Session, place: Place, key: str) -> str:
    """`/pages/spring-sale/b`; where another page is called that, the variant is named in the query."""
    if pages.find_page(session, place.site, f"{place.page.slug}/{key}") is not None:
        return place.at(variant=key)
    return place.at(f"/{key}")


def preview_address(place: Place, key: str, *, version: int | None = None) -> str:
    """A signed link to the sealed draft, or to one of its versions, on the preview's own host."""
    settings = studio().settings
    path = sign_preview(settings, place.page_id, key, version=version)
    return f"{origin_of(settings.preview_host)}{path}"


def _unique(examined: Examined) -> list[ExternalReference]:
    """Each address once, where it stands first."""
    return list({item.load.address: item for item in reversed(examined.external)}.values())[::-1]


def _external_row(item: ExternalReference, place: Place, key: str) -> ExternalRow:
    return ExternalRow(
        address=item.load.address,
        kind=f"{item.load.element}{f', by way of {item.load.via}' if item.load.via else ''}",
        line=item.load.line,
        line_address=f"{place.at(f'/{key}/source')}#line-{item.load.line}",
        is_allowed=item.finding is None,
        used_by=list(item.used_by),
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


def _say_rest(examined: Examined, place: Place, version: Version, document: Document) -> list[str]:
    said = [*examined.left_alone, *examined.images]
    if examined.scripts:
        said.append(f"Scripts of its own: {listing(list(examined.scripts))}.")
    others = sorted(slug for slug in version.links.values() if slug != place.page.slug)
    if others:
        said.append(f"It came with {listing([f'/{slug}' for slug in others])}; links between them are kept.")
    if examined.forms:
        where = f"come to {place.page.thank_you}" if place.page.thank_you else "see a plain page that thanks them"
        said.append(f"After a form, visitors {where}.")
    said += plan_tags(document, load_meta(place.page), origin="", path="").sentences()
    return said


def _history_rows(facts: Facts) -> list[HistoryRow]:
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
                release=act.release_id if act.release_id and facts.is_another(act.release_id) else "",
            )
        )
    return rows
