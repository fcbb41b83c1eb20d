"""Changing the regions of a variant: every save is a version, and what two people change at once is put together.

What somebody typed is compared with the version they started from, so only their own changes are carried over to what
stands there now. A region that both changed is nobody's to decide here: `RegionsClash` shows both, and nothing is saved.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session

from experiments.words import listing
from lander.access import audit
from lander.document import Document
from lander.errors import Conflict, InvalidInput
from lander.pages.models import Page, Variant, Version
from lander.pages.pages import address_of, list_variants, load_variant
from lander.pages.region_pictures import Added, Pictures, choose_pictures, store_pictures
from lander.pages.region_values import Values, Wrong, WrongValues, apply_values, plan_value
from lander.pages.regions import Regions, fold, read_regions
from lander.pages.tagging import Tag, apply_tags, remove_tag
from lander.pages.versions import find_version, load_draft, revise
from lander.policy.store import load_policy

GUIDED: Final = "guided"
IMPORTED: Final = "imported"
_MOST_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Clash:
    """A region that two people changed: what stands there now, and what was typed. `theirs` is None where it is gone."""

    region: str
    theirs: Mapping[str, str] | None
    mine: Mapping[str, str]


class RegionsClash(Conflict):
    """Somebody else changed the same regions in between. Nothing was saved."""

    code = "regions-clash"

    def __init__(self, clashes: Sequence[Clash], changes: Values, current: Version) -> None:
        self.clashes = tuple(clashes)
        self.changes = changes  # all that was typed, also into regions that nobody else touched
        self.current = current
        names = listing([clash.region for clash in clashes])
        super().__init__(
            f"{current.created_by} changed {names} too, in version {current.number}. Yours is not saved yet.",
            fix="Both are shown below: keep yours or take theirs, then save again.",
        )


@dataclass(frozen=True, slots=True)
class Saved:
    """What saving came to: the draft as it is now, and what its author should know."""

    version: Version
    is_new: bool
    sentences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Act:
    """Somebody changing a page now."""

    session: Session
    page: Page
    actor: str
    now: datetime

    def revise(  # noqa: PLR0917  (which variant, from what to what, and why)
        self,
        variant: Variant,
        before: Version,
        source: str,
        files: Mapping[str, str],
        action: str,
        names: Sequence[str],
    ) -> Version:
        """The next version, with its note and its audit entry."""
        note = f"{_NOTES[action]} {_name_some(names)}"
        version = revise(
            self.session, variant, before, source=source, files=files, note=note, actor=self.actor, now=self.now
        )
        audit.record(
            self.session,
            now=self.now,
            actor=self.actor,
            action=action,
            subject=address_of(self.session, self.page),
            variant=variant.key,
            regions=list(names),
            before=before.number,
            after=version.number,
        )
        return version


_NOTES: Final = {"page.edit": "edited", "page.mark": "marked", "page.unmark": "unmarked"}


def save_regions(
    session: Session,
    page: Page,
    key: str,
    typed: Values,
    *,
    base_version: int | None,
    pictures: Pictures | None = None,
    in_every_variant: bool = False,
    actor: str,
    now: datetime,
) -> Saved:
    """What was typed into regions of version `base_version`, as a new version; nothing changed is the version it was.

    With `in_every_variant`, variants whose region of that name says what this one said get the change too. Raises
    `WrongValues` with every value that cannot be written, `RegionsClash` where somebody else changed the same regions.
    """
    act = _Act(session, page, actor, now)
    variant = load_variant(session, page, key)
    current, base = load_draft(session, variant), _load_base(session, variant, base_version)
    before = read_regions(Document(base.source))
    added = store_pictures(
        session, pictures or {}, load_policy(session).uploads, taken={**base.files, **current.files}, now=now
    )
    changes, planned = _find_changes(before, choose_pictures(typed, added, base), base, added)
    told = _merge(before, changes, planned, base=base, current=current) if base.number != current.number else []
    files = {**current.files, **dict(added.values())}
    written = apply_values(current.source, changes, path=current.path, files=files)
    told += written.taken_out
    if not written.changed:
        return Saved(current, False, tuple(told))
    version = act.revise(variant, current, written.source, files, "page.edit", written.changed)
    if in_every_variant:
        for other in list_variants(session, page):
            if other.key != key:
                told += _follow(act, other, before, changes, added)
    return Saved(version, True, (*told, *_become_guided(session, page)))


def tag_regions(
    session: Session, page: Page, key: str, tags: Sequence[Tag], *, base_version: int | None, actor: str, now: datetime
) -> Saved:
    """Mark elements of version `base_version` as regions, in a new version. Raises `Conflict` where they moved since."""
    variant = load_variant(session, page, key)
    current, base = load_draft(session, variant), _load_base(session, variant, base_version)
    if not is_built_alike(base, current):
        raise Conflict(
            f"{current.created_by} saved version {current.number} since you opened this, and the page is built "
            "differently now.",
            fix="Your choice is not saved: look at the list below, which is the new one, and choose again.",
        )
    source = apply_tags(current.source, tags)
    names = [fold(tag.name) for tag in tags]
    version = _Act(session, page, actor, now).revise(variant, current, source, current.files, "page.mark", names)
    said = f"{listing(names)} can be edited now. The marks are version {version.number}; visitors see no difference."
    return Saved(version, True, (said, *_become_guided(session, page)))


def untag_region(session: Session, page: Page, key: str, name: str, *, actor: str, now: datetime) -> Saved:
    """Take the mark off a region, in a new version; what stands in it stays."""
    variant = load_variant(session, page, key)
    current = load_draft(session, variant)
    source = remove_tag(current.source, name)
    version = _Act(session, page, actor, now).revise(variant, current, source, current.files, "page.unmark", [name])
    said = [f"{name or 'What had no name'} is not marked any more. What stands in it stays."]
    drafts = [load_draft(session, item) for item in list_variants(session, page)]
    if page.kind == GUIDED and not any(read_regions(Document(draft.source)).found for draft in drafts):
        page.kind = IMPORTED
        session.add(page)
        said.append("No region is left, so the page is an imported one again, edited as HTML.")
    return Saved(version, True, tuple(said))


def is_built_alike(one: Version, other: Version) -> bool:
    """Whether the number of an element means the same in both."""
    return one.id == other.id or _elements(one) == _elements(other)


def _elements(version: Version) -> list[str]:
    return [element.name for element in Document(version.source).elements]


def _load_base(session: Session, variant: Variant, number: int | None) -> Version:
    base = find_version(session, variant, number) if number is not None else None
    if base is None:
        raise InvalidInput("The form does not say which version it started from.", fix="Open the editor again.")
    return base


def _find_changes(before: Regions, typed: Values, base: Version, added: Added) -> tuple[Values, Values]:
    """What is different from the version that was opened: as it was typed, and as it will stand. Raises `WrongValues`."""
    changes: dict[str, dict[str, str]] = {}
    will_stand: dict[str, dict[str, str]] = {}
    wrong: list[Wrong] = []
    files = {**base.files, **dict(added.values())}
    for region in before.found:
        for part in region.parts:
            value = typed.get(region.name, {}).get(part.name)
            if value is None:
                continue
            try:
                planned = plan_value(part, value, path=base.path, files=files)
            except InvalidInput as error:
                wrong.append(Wrong(region.name, part.name, error.message, error.fix))
                continue
            if planned != part.value:
                changes.setdefault(region.name, {})[part.name] = value
                will_stand.setdefault(region.name, {})[part.name] = planned
    if wrong:
        raise WrongValues(wrong)
    return changes, will_stand


def _merge(before: Regions, changes: Values, planned: Values, *, base: Version, current: Version) -> list[str]:
    """What to say where somebody else changed other regions; raises `RegionsClash` where it was one of these."""
    now_there = read_regions(Document(current.source))
    clashes = []
    for name, mine in changes.items():
        was, there = before.find(name), now_there.find(name)
        assert was is not None
        if there is None or there.kind is not was.kind or there.values.keys() != was.values.keys():
            clashes.append(Clash(name, None if there is None else there.values, mine))
        elif there.values not in (was.values, {**was.values, **planned[name]}):
            clashes.append(Clash(name, there.values, mine))
    if clashes:
        raise RegionsClash(clashes, changes, current)
    if not changes:
        return []
    return [
        f"{current.created_by} saved version {current.number} while you worked on {base.number}: "
        "both changes stand in the draft now."
    ]


def _follow(act: _Act, other: Variant, before: Regions, changes: Values, added: Added) -> list[str]:
    """The same change in another variant, where it said the same."""
    draft = load_draft(act.session, other)
    regions = read_regions(Document(draft.source))
    same: dict[str, Mapping[str, str]] = {}
    others = []
    for name, parts in changes.items():
        there, was = regions.find(name), before.find(name)
        if there is None or was is None:
            continue
        if there.kind is was.kind and there.values == was.values:
            same[name] = parts
        else:
            others.append(name)
    told = []
    if others:
        told.append(f"{listing(others)} in variant {other.key.upper()} said something else, and stays.")
    files = {**draft.files, **{path: name for path, name in added.values() if draft.files.get(path, name) == name}}
    try:
        written = apply_values(draft.source, same, path=draft.path, files=files)
    except WrongValues as error:
        return [*told, f"Variant {other.key.upper()} stays as it was. {error.message} {error.fix}"]
    if written.changed:
        act.revise(other, draft, written.source, files, "page.edit", written.changed)
        told.append(f"{listing(list(written.changed))} changed in variant {other.key.upper()} too.")
    return told


def _become_guided(session: Session, page: Page) -> list[str]:
    if page.kind == GUIDED:
        return []
    page.kind = GUIDED
    session.add(page)
    return [
        "This page is guided now: its regions are edited in place. The rest of its HTML stays byte for byte as it came, "
        "and the source can still be edited."
    ]


def _name_some(names: Sequence[str]) -> str:
    shown = list(names[:_MOST_NAMED])
    return listing(shown if len(names) <= _MOST_NAMED else [*shown, f"{len(names) - _MOST_NAMED} more"])
