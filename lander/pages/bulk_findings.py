"""What publishing would find in changed drafts and does not find in them now. Looking only."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from sqlmodel import Session

from lander.config import Settings
from lander.document import Document
from lander.errors import InvalidInput
from lander.pages.bulk_scope import Piece
from lander.pages.compile import Surroundings, check_variant
from lander.pages.loads import Files
from lander.pages.models import SnippetVersion, Version
from lander.pages.release import load_files
from lander.pages.snippets import make_blocks
from lander.policy.findings import Finding, Severity
from lander.policy.store import load_policy

_NUMBER: Final = re.compile(r"[0-9]+")


class NewFindings:
    """Asks of one draft after the other what publishing would find; everything else is loaded once."""

    def __init__(
        self,
        session: Session,
        settings: Settings,
        pieces: Iterable[Piece],
        *,
        snippets: Sequence[tuple[Piece, str]],
        strips: Mapping[int, bool],
    ) -> None:
        """`snippets` are those that change, with what they will hold; `strips` says where something is taken out."""
        self.found: list[tuple[str, Finding]] = []
        self._scheme = settings.scheme
        self._policy = load_policy(session)
        self._strips = strips
        self._files = load_files(session, [piece.version for piece in pieces if isinstance(piece.version, Version)])
        changed = {piece.key: _with_source(piece.version, source) for piece, source in snippets}
        blocks = make_blocks(session, {key: item for key, item in changed.items() if isinstance(item, SnippetVersion)})
        self._files_after = replace(self._files, blocks={**self._files.blocks, **blocks})

    def look_at(self, piece: Piece, page: Document, source: str) -> None:
        """Add what `source` would bring to a draft that stands in `page`. One without findings is looked at once."""
        findings = self._check(piece, Document(source), self._files_after)
        if not findings:
            return
        known = Counter(_same(finding) for finding in self._check(piece, page, self._files))
        for finding in findings:
            known[_same(finding)] -= 1
            if known[_same(finding)] < 0:
                self.found.append((piece.label, finding))

    def _check(self, piece: Piece, page: Document, files: Files) -> tuple[Finding, ...]:
        assert piece.page is not None
        version = _with_source(piece.version, page.source)
        assert isinstance(version, Version)
        around = Surroundings(
            slug=piece.page.slug,
            policy=self._policy,
            scheme=self._scheme,
            noindex=piece.page.noindex,
            thank_you=piece.page.thank_you,
            strip_external=self._strips.get(piece.page.id or 0, False),
        )
        try:
            return check_variant(piece.key, version, around, files, page=page)
        except InvalidInput as error:
            return (Finding(Severity.REFUSE, "markup.tangled", error.message, error.fix, f"variant {piece.key}"),)


def _with_source(version: Version | SnippetVersion, source: str) -> Version | SnippetVersion:
    """A version that is never stored."""
    return type(version)(**{**version.model_dump(), "source": source})


def _same(finding: Finding) -> tuple[str, str, str]:
    """What makes two findings the same, wherever they stand."""
    return finding.rule, finding.element, _NUMBER.sub("", finding.sentence)
