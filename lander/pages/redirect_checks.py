"""What is wrong with a table of redirects as a whole: loops, chains, dead ends, addresses that pages answer, other
people's hosts, and many old addresses that collapse into one target.

Pure, over the table as it is or as it would be. Each finding brings the change that mends it; nothing is changed here.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from lander.pages.redirect_rules import Rule, host_of, is_own, path_of, write_path
from lander.policy.findings import Finding, Severity
from lander.redirection import GONE, Redirects, fold_path, join_query, make_redirects

LEAST_COLLAPSED: Final = 10
COLLAPSED_SHARE: Final = 0.2
MOST_PROPOSALS: Final = 500  # of one finding; each is compared with every live page
ALIKE: Final = 0.4
_TEMPORARY: Final = 302
_WORD: Final = re.compile(r"[^\W_]+")
_NOISE: Final = frozenset(["html", "htm", "php", "asp", "aspx", "jsp", "index", "default", "www", "page", "pages"])


class Kind(StrEnum):
    """What a way ends with."""

    HERE = "here"  # a live page, or something of ours
    ELSEWHERE = "elsewhere"
    GONE = "gone"
    NOTHING = "nothing"
    LOOP = "loop"


@dataclass(frozen=True, slots=True)
class End:
    """Where an address leads in the end, after `hops` redirects."""

    kind: Kind
    target: str = ""
    temporary: bool = False  # one of them is 302
    hops: int = 0


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change that mends something: the rule as it is and as it would be, None where it would go."""

    before: Rule
    after: Rule | None


@dataclass(frozen=True, slots=True)
class TableFinding:
    """A finding about the whole table. `paths` are the old addresses that it is about."""

    finding: Finding
    paths: tuple[str, ...]
    proposals: tuple[Proposal, ...] = ()


@dataclass(slots=True)
class Table:
    """The redirects of a site as they are or would be, beside its live pages."""

    host: str
    core_site: str
    rules: Mapping[str, Rule]  # by path
    pages: frozenset[str]  # paths of live pages
    _redirects: Redirects = field(init=False)
    _ends: dict[str, End] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._redirects = make_redirects((rule.path, rule.target, rule.status) for rule in self.rules.values())

    def is_page(self, path: str) -> bool:
        """Whether a live page answers there, a slash at the end or not."""
        return path in self.pages or path.rstrip("/") in self.pages

    def answers(self, path: str) -> bool:
        """Whether a visitor of this address arrives at anything: a page, a redirect, or something of ours."""
        return self.is_page(path) or is_own(path) or self._redirects.find(path) is not None

    def find_end(self, path: str) -> End:
        """Where a path of this site leads."""
        trail: dict[str, str] = {}  # path → the target it has
        end = None
        while end is None:
            if path in self._ends:
                end = self._ends[path]
            elif path in trail:
                end = End(Kind.LOOP)
            elif self.is_page(path) or is_own(path):
                end = self._ends[path] = End(Kind.HERE, write_path(path))
            elif (destination := self._redirects.find(path)) is None:
                end = self._ends[path] = End(Kind.NOTHING, write_path(path))
            else:
                trail[path] = destination.target
                onward = path_of(destination.target)
                if destination.status == GONE:
                    end = End(Kind.GONE)
                elif onward is None:
                    end = End(Kind.ELSEWHERE)
                path = onward or path
        for passed, target in reversed(trail.items()):
            end = self._ends[passed] = self._come_from(passed, target, end)
        return end

    def _come_from(self, path: str, target: str, end: End) -> End:
        """The end as it is seen one redirect earlier."""
        status = self._redirects.exact.get(path) or self._redirects.folded[fold_path(path)]
        final = target if end.hops == 0 else _lead_on(target, end.target)
        is_dead = end.kind in (Kind.GONE, Kind.LOOP)
        return End(end.kind, "" if is_dead else final, end.temporary or status.status == _TEMPORARY, end.hops + 1)


def check_table(table: Table) -> list[TableFinding]:
    """Everything that is wrong, gravest first."""
    ends = {path: table.find_end(path) for path in table.rules}
    return [
        *_check_loops(table, ends),
        *_check_pages(table),
        *_check_dead_ends(table, ends),
        *_check_chains(table, ends),
        *_check_collapse(table, ends),
        *_check_hosts(table),
    ]


def find_nearest(path: str, pages: Iterable[str]) -> str | None:
    """The page whose address resembles this one most; None where none does."""
    return Nearest(pages).find(path)


class Nearest:
    """Finds the page whose address resembles another one, by the trigrams they have in common."""

    def __init__(self, pages: Iterable[str]) -> None:
        self._pages = [(page, _grams(page), _grams(page.rsplit("/", 1)[-1])) for page in sorted(pages)]

    def find(self, path: str) -> str | None:
        whole, last = _grams(path), _grams(path.rstrip("/").rsplit("/", 1)[-1])
        best, found = ALIKE, None
        for page, page_whole, page_last in self._pages:
            alike = max(_dice(whole, page_whole), _dice(last, page_last))
            if alike > best:
                best, found = alike, page
        return found


def _check_loops(table: Table, ends: Mapping[str, End]) -> list[TableFinding]:
    paths = _paths(path for path, end in ends.items() if end.kind is Kind.LOOP and not table.is_page(path))
    if not paths:
        return []
    return [
        TableFinding(
            Finding(
                Severity.REFUSE,
                "redirects.loop",
                f"{_name(paths)} {_leads(paths)} in a circle, so the browser gives up.",
                "Lead one of them to a page.",
            ),
            paths,
        )
    ]


def _check_pages(table: Table) -> list[TableFinding]:
    paths = _paths(path for path in table.rules if table.is_page(path))
    if not paths:
        return []
    return [
        TableFinding(
            _warn(
                "redirects.page",
                f"A live page answers at {_name(paths)}, so the redirect there does nothing.",
                "Remove the redirect, or take the page away.",
            ),
            paths,
            tuple(Proposal(table.rules[path], None) for path in paths),
        )
    ]


def _check_dead_ends(table: Table, ends: Mapping[str, End]) -> list[TableFinding]:
    paths = _paths(path for path, end in ends.items() if end.kind is Kind.NOTHING)
    if not paths:
        return []
    nearest = Nearest(table.pages)
    proposals = []
    for path in paths[:MOST_PROPOSALS]:
        if page := nearest.find(path_of(ends[path].target) or path) or nearest.find(path):
            proposals.append(_lead_to(table.rules[path], page))
    return [
        TableFinding(
            _warn(
                "redirects.dead-end",
                f"{_name(paths)} {_leads(paths)} to an address where nothing is.",
                "Publish a page there, or lead visitors elsewhere.",
            ),
            paths,
            tuple(proposals),
        )
    ]


def _check_chains(table: Table, ends: Mapping[str, End]) -> list[TableFinding]:
    whole = (Kind.HERE, Kind.ELSEWHERE, Kind.NOTHING, Kind.GONE)
    paths = _paths(path for path, end in ends.items() if end.hops > 1 and end.kind in whole and not table.is_page(path))
    if not paths:
        return []
    return [
        TableFinding(
            _warn(
                "redirects.chain",
                f"{_name(paths)} {'takes' if len(paths) == 1 else 'take'} more than one redirect to arrive, which costs "
                "time and makes search engines give up.",
                "Lead each to where it ends.",
            ),
            paths,
            tuple(Proposal(table.rules[path], _flatten(table.rules[path], ends[path])) for path in paths),
        )
    ]


def _check_collapse(table: Table, ends: Mapping[str, End]) -> list[TableFinding]:
    by_target: dict[str, list[str]] = defaultdict(list)
    for path, end in ends.items():
        if end.kind in (Kind.HERE, Kind.ELSEWHERE) and not table.is_page(path):
            by_target[end.target.partition("#")[0].partition("?")[0]].append(path)
    total = sum(map(len, by_target.values()))
    found = []
    for target, many in sorted(by_target.items(), key=lambda item: (-len(item[1]), item[0])):
        if len(many) < LEAST_COLLAPSED or len(many) < COLLAPSED_SHARE * total:
            continue
        paths = _paths(many)
        nearest = Nearest(table.pages - {path_of(target) or ""})
        near = [(path, nearest.find(path)) for path in paths[:MOST_PROPOSALS]]
        proposals = tuple(_lead_to(table.rules[path], page) for path, page in near if page is not None)
        found.append(
            TableFinding(
                _warn(
                    "redirects.collapse",
                    f"{len(paths):,} of {total:,} old addresses lead to {_name_target(target)}: visitors and search "
                    "engines lose what they looked for.",
                    f"For {len(proposals):,} of them there is a page with a similar address."
                    if proposals
                    else "Lead each to the page that took its place; where there is none, say that it is gone (410).",
                ),
                paths,
                proposals,
            )
        )
    return found


def _check_hosts(table: Table) -> list[TableFinding]:
    by_host: dict[str, list[str]] = defaultdict(list)
    for rule in table.rules.values():
        if (host := host_of(rule.target)) and host != table.core_site:
            by_host[host].append(rule.path)
    return [
        TableFinding(
            _warn(
                "redirects.host",
                f"{_name(_paths(paths))} {_leads(paths)} to {host}, which is neither {table.host} nor "
                f"{table.core_site}.",
                "Make sure that it is yours: whoever owns it gets your visitors.",
            ),
            _paths(paths),
        )
        for host, paths in sorted(by_host.items())
    ]


def _lead_on(target: str, end: str) -> str:
    """The end, with the query and fragment that a browser would bring along from an earlier target."""
    address, _, fragment = target.partition("#")
    final = join_query(end, address.partition("?")[2])
    return f"{final}#{fragment}" if fragment and "#" not in final else final


def _flatten(rule: Rule, end: End) -> Rule:
    status = GONE if end.kind is Kind.GONE else _TEMPORARY if end.temporary else rule.status
    return Rule(rule.path, end.target, status, rule.note)


def _lead_to(rule: Rule, page: str) -> Proposal:
    return Proposal(rule, Rule(rule.path, write_path(page), rule.status, rule.note))


def _warn(rule: str, sentence: str, fix: str) -> Finding:
    return Finding(Severity.WARN, rule, sentence, fix)


def _paths(paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(paths))


def _leads(paths: Sequence[str]) -> str:
    return "leads" if len(paths) == 1 else "lead"


def _name(paths: Sequence[str]) -> str:
    """The first few by name."""
    if len(paths) <= 3:
        return " and ".join([", ".join(paths[:-1]), paths[-1]] if len(paths) > 1 else paths)
    return f"{len(paths):,} addresses ({paths[0]}, {paths[1]}…)"


def _name_target(target: str) -> str:
    if target == "/":
        return "the home page"
    host = host_of(target)
    if host and target.removeprefix(f"https://{host}").strip("/") == "":
        return f"the home page of {host}"
    return target


def _grams(text: str) -> frozenset[str]:
    words = [word for word in _WORD.findall(text.lower()) if word not in _NOISE]
    padded = f" {' '.join(words)} "
    return frozenset(padded[place : place + 3] for place in range(len(padded) - 2)) if words else frozenset()


def _dice(one: frozenset[str], other: frozenset[str]) -> float:
    return 2 * len(one & other) / (len(one) + len(other)) if one and other else 0.0
