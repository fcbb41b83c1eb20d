"""Where a bulk edit looks: drafts of variants, and snippets, each a piece with its source."""

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from lander.errors import InvalidInput
from lander.pages.models import Page, Site, Snippet, SnippetVersion, Variant, Version


@dataclass(frozen=True, slots=True)
class Scope:
    """Where to look: pages by name or by the beginning of their address (neither: all), variants, snippets."""

    slugs: tuple[str, ...] = ()
    prefix: str = ""
    variants: tuple[str, ...] = ()  # empty: all
    with_pages: bool = True
    with_snippets: bool = True
    snippets: tuple[str, ...] = ()  # empty: all

    def as_json(self) -> dict[str, Any]:
        return {
            "pages": list(self.slugs),
            "prefix": self.prefix,
            "variants": list(self.variants),
            "with_pages": self.with_pages,
            "with_snippets": self.with_snippets,
            "snippets": list(self.snippets),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A source that can change: a variant's draft, or a snippet's (then there is no page)."""

    owner_id: int  # of the variant or snippet
    key: str  # the variant's key, or the snippet's name
    version: Version | SnippetVersion
    page: Page | None = None

    @property
    def label(self) -> str:
        return f"snippet {self.key}" if self.page is None else f"{self.page.slug}, variant {self.key}"

    @property
    def version_id(self) -> int:
        assert self.version.id is not None
        return self.version.id


def load_pieces(session: Session, site: Site, scope: Scope) -> list[Piece]:
    """Every source in scope: drafts of variants by page and key, then snippets. Raises where a name is not there."""
    pieces: list[Piece] = []
    if scope.with_pages:
        pieces += [piece for piece in load_drafts(session, site) if _is_in(piece, scope)]
        known = set(session.exec(select(Page.slug).where(Page.site_id == site.id, col(Page.slug).in_(scope.slugs))))
        _check_known("page", set(scope.slugs) - known)
    if scope.with_snippets:
        found = [
            Piece(snippet.id or 0, snippet.name, version)
            for snippet, version in session.exec(
                select(Snippet, SnippetVersion)
                .join(SnippetVersion, col(SnippetVersion.id) == col(Snippet.version_id))
                .where(Snippet.site_id == site.id)
                .order_by(col(Snippet.name))
            )
        ]
        _check_known("snippet", set(scope.snippets) - {piece.key for piece in found})
        pieces += [piece for piece in found if not scope.snippets or piece.key in scope.snippets]
    return pieces


def load_drafts(session: Session, site: Site) -> list[Piece]:
    """The draft of every variant of a site, by page and key."""
    query = (
        select(Page, Variant, Version)
        .join(Variant, col(Variant.page_id) == col(Page.id))
        .join(Version, col(Version.id) == col(Variant.version_id))
        .where(Page.site_id == site.id)
        .order_by(col(Page.slug), col(Variant.key))
    )
    return [Piece(variant.id or 0, variant.key, version, page) for page, variant, version in session.exec(query)]


def _is_in(piece: Piece, scope: Scope) -> bool:
    assert piece.page is not None
    slug = piece.page.slug
    return (
        (not scope.slugs or slug in scope.slugs)
        and slug.startswith(scope.prefix)
        and (not scope.variants or piece.key in scope.variants)
    )


def _check_known(noun: str, missing: set[str]) -> None:
    if missing:
        names = ", ".join(sorted(missing)[:5]) + (" and more" if len(missing) > 5 else "")
        raise InvalidInput(f"There is no {noun} called {names}.", fix=f"Write names of {noun}s as the list shows them.")
