"""Pages that say the same: near-duplicates by the words a visitor reads, and which of them should speak for all.

Texts are compared as sets of five words in a row (shingles) by their Jaccard similarity, exactly: Broder, "On the
resemblance and containment of documents", 1997. Pairs are found by prefix filtering (Chaudhuri, Ganti, Kaushik, "A
primitive operator for similarity joins", 2006), so pages that have nothing in common are never compared.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from selectolax.lexbor import LexborHTMLParser
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from lander.pages.models import Page, Site, StoredRelease, Variant, Version

WORDS: Final = 5
ALIKE: Final = 0.85
_ROUNDING: Final = 1e-9  # 0.85 · 20 must not become 18
_WORD: Final = re.compile(r"\w+(?:['’]\w+)*")
_UNSEEN: Final = "head, script, style, noscript, template, [hidden]"

Shingles = frozenset[tuple[str, ...]]
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Twin:
    """A page of a group, and how much it has in common with the one that speaks for the group."""

    slug: str
    is_live: bool
    is_findable: bool  # by search engines
    created_at: datetime
    alike: float  # 1 for the one that speaks for the group


@dataclass(frozen=True, slots=True)
class Group:
    """Pages that say the same; the first one is who should be canonical."""

    pages: tuple[Twin, ...]

    @property
    def canonical(self) -> Twin:
        return self.pages[0]


def list_duplicates(session: Session, site: Site) -> list[Group]:
    """Groups of pages of a site that say the same, the largest first. A live page is taken as visitors see it."""
    texts = _load_texts(session, site)
    shingles = {slug: make_shingles(read_visible(source)) for slug, source in texts.items()}
    pairs = find_alike(shingles)
    pages = {page.slug: page for page in session.exec(select(Page).where(Page.site_id == site.id))}
    groups = [_make_group([pages[slug] for slug in slugs], shingles) for slugs in _join(pairs)]
    return sorted(groups, key=lambda group: (-len(group.pages), group.canonical.slug))


def read_visible(source: str) -> str:
    """What a visitor reads of a page; its title, scripts and what is hidden left out."""
    body = LexborHTMLParser(source).body
    if body is None:
        return ""
    for node in body.css(_UNSEEN):
        node.decompose()
    return " ".join(body.text(separator=" ").split())


def make_shingles(text: str) -> Shingles:
    """Every five words in a row, in lower case; of a shorter text all of its words, of an empty one nothing."""
    words = _WORD.findall(text.lower())
    if len(words) <= WORDS:
        return frozenset([tuple(words)]) if words else frozenset()
    return frozenset(tuple(words[place : place + WORDS]) for place in range(len(words) - WORDS + 1))


def find_similarity(one: frozenset[_Item], other: frozenset[_Item]) -> float:
    """Jaccard: what two sets have in common, as a fraction of all they hold; two empty ones have nothing in common."""
    common = len(one & other)
    return common / (len(one) + len(other) - common) if common else 0.0


def find_alike(shingles: Mapping[str, Shingles], *, least: float = ALIKE) -> dict[tuple[str, str], float]:
    """The pairs that are at least so much alike, with how much.

    Of two such sets, each ordered from its rarest shingle on, the first n − ⌈least · n⌉ + 1 share one; so only pages that
    meet there are compared.
    """
    counts = Counter(shingle for found in shingles.values() for shingle in found)
    rank = {shingle: place for place, shingle in enumerate(sorted(counts, key=lambda item: (counts[item], item)))}
    sets = {name: frozenset(rank[shingle] for shingle in found) for name, found in shingles.items()}
    meeting: dict[int, list[str]] = defaultdict(list)
    pairs: dict[tuple[str, str], float] = {}
    for name in sorted(sets, key=lambda name: (len(sets[name]), name)):
        mine = sets[name]
        prefix = sorted(mine)[: len(mine) - math.ceil(least * len(mine) - _ROUNDING) + 1]
        for other in {other for shingle in prefix for other in meeting[shingle]}:
            if len(sets[other]) < least * len(mine) - _ROUNDING:  # too much shorter to be that much alike
                continue
            similarity = find_similarity(sets[other], mine)
            if similarity >= least:
                pairs[min(name, other), max(name, other)] = similarity
        for shingle in prefix:
            meeting[shingle].append(name)
    return pairs


def _load_texts(session: Session, site: Site) -> dict[str, str]:
    """Slug → source of the control that visitors see, else of the first variant's draft."""
    drafts = session.execute(
        select_columns(col(Page.slug), col(Variant.version_id))
        .join(Variant, col(Variant.page_id) == col(Page.id))
        .where(col(Page.site_id) == site.id)
        .order_by(col(Variant.key).desc())
    )
    chosen = {slug: version_id for slug, version_id in drafts if version_id is not None}
    live = session.execute(
        select_columns(col(Page.slug), col(StoredRelease.versions))
        .join(StoredRelease, col(StoredRelease.id) == col(Page.release_id))
        .where(col(Page.site_id) == site.id)
    )
    chosen |= {slug: versions[min(versions)] for slug, versions in live if versions}
    sources = dict(_load_sources(session, sorted(set(chosen.values()))))
    return {slug: sources[version_id] for slug, version_id in chosen.items()}


def _load_sources(session: Session, ids: Sequence[int]) -> Iterator[tuple[int, str]]:
    for start in range(0, len(ids), 500):
        chunk = ids[start : start + 500]
        for number, source in session.exec(select(Version.id, Version.source).where(col(Version.id).in_(chunk))):
            assert number is not None
            yield number, source


def _join(pairs: Iterable[tuple[str, str]]) -> list[set[str]]:
    """Everything that is connected."""
    groups: dict[str, set[str]] = {}
    for one, other in pairs:
        merged = groups.get(one, {one}) | groups.get(other, {other})
        for name in merged:
            groups[name] = merged
    return list({id(group): group for group in groups.values()}.values())


def _make_group(pages: Sequence[Page], shingles: Mapping[str, Shingles]) -> Group:
    first, *others = sorted(pages, key=lambda page: (page.release_id is None, page.noindex, page.created_at, page.slug))
    twins = [_twin(first, 1.0)]
    twins += [_twin(page, find_similarity(shingles[first.slug], shingles[page.slug])) for page in others]
    return Group((twins[0], *sorted(twins[1:], key=lambda twin: (-twin.alike, twin.slug))))


def _twin(page: Page, alike: float) -> Twin:
    return Twin(page.slug, page.release_id is not None, not page.noindex, page.created_at, alike)
