"""What stands between the drafts of a page and its visitors: what publishing would change, what it asks, what comes next.

Looking only. `Facts` is read once for the whole screen of a page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from sqlmodel import Session, select

from experiments import lifecycle, results
from experiments.models import Experiment, Phase
from experiments.words import listing, name, plural
from lander.access.gate import caller, edge
from lander.access.permissions import Permission
from lander.console.context import FindingRow, FormError
from lander.console.findings import can_be_taken_out, has_forbidden_loads
from lander.console.page_context import PublishBox, TestChoice
from lander.console.page_rows import list_waiting
from lander.console.places import Place
from lander.pages import pages, publish
from lander.pages.models import Page, Publication, StoredRelease, Version
from lander.pages.release import load_drafts
from lander.policy.findings import Finding
from lander.policy.policy import Policy
from lander.policy.store import load_policy


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody had chosen when publishing was refused. `must_choose` where a running test needs an answer."""

    strip_external: bool | None = None
    with_pages: bool = True
    during_test: str = ""
    must_choose: bool = False
    findings: Sequence[Finding] | None = None
    errors: tuple[FormError, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a page before anything is put into words."""

    drafts: dict[str, Version]
    live: StoredRelease | None
    history: Sequence[Publication]
    earlier: dict[str, tuple[dict[str, int], dict[str, int], bool]]
    # release id → its versions and snippets, and whether something was taken out
    running: tuple[Experiment, Phase] | None
    policy: Policy

    @property
    def state(self) -> str:
        if self.live is None:
            return "withdrawn" if self.history else "draft"
        return "changed" if any(self.is_changed(key) for key in self.drafts) else "live"

    @property
    def is_settled(self) -> bool:
        """Whether visitors see the drafts already, under the rules of today."""
        return self.live is not None and self.state == "live" and self.live.policy_version == self.policy.version

    def is_changed(self, key: str) -> bool:
        return self.live is not None and self.live.versions.get(key) != self.drafts[key].id

    @property
    def strips(self) -> bool:
        """What was taken out before is taken out again."""
        return self.live is not None and self.live.strip_external

    @property
    def touches_test(self) -> bool:
        """Whether publishing changes what visitors in the running test see."""
        return self.running is not None and any(
            key in self.drafts and self.is_changed(key) for key in self.running[1].weights
        )

    def is_another(self, release_id: str) -> bool:
        """Whether a release differs from the live one in more than who sees what."""
        if self.live is None:
            return True
        return self.earlier[release_id] != (self.live.versions, self.live.snippets, self.live.strip_external)


def load_facts(session: Session, page: Page) -> Facts:
    assert page.id is not None
    return Facts(
        drafts=load_drafts(session, page),
        live=session.get(StoredRelease, page.release_id) if page.release_id else None,
        history=publish.list_publications(session, page),
        earlier={
            release_id: (dict(versions), dict(snippets), was_stripped)
            for release_id, versions, snippets, was_stripped in session.exec(
                select(
                    StoredRelease.id, StoredRelease.versions, StoredRelease.snippets, StoredRelease.strip_external
                ).where(StoredRelease.page_id == page.id)
            )
        },
        running=lifecycle.find_running(session, page.id),
        policy=load_policy(session),
    )


def publish_box(
    session: Session,
    place: Place,
    facts: Facts,
    findings: list[FindingRow],
    *,
    is_live: bool,
    strip: bool,
    typed: Typed,
) -> PublishBox:
    """The part of a page's screen that puts it live."""
    waiting = list_waiting(session, place, facts.drafts.values())
    next_step, next_address = _next_step(session, place, facts)
    return PublishBox(
        changes=_say_changes(session, facts, is_live=is_live),
        is_settled=facts.is_settled and is_live and not waiting,
        next_step=next_step,
        next_address=next_address,
        test=_test_choice(session, facts),
        must_choose=facts.touches_test or typed.must_choose,
        during_test=typed.during_test,
        offers_taking_out=strip or has_forbidden_loads(findings),
        strip_external=strip,
        can_take_out=can_be_taken_out(findings) and not strip,
        waiting_below=[f"/{other.page.slug}" for other in waiting],
        with_pages=typed.with_pages,
        may_publish=caller().can(Permission.PAGES_PUBLISH),
    )


def _say_changes(session: Session, facts: Facts, *, is_live: bool) -> list[str]:
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
    if not said and not is_live and facts.is_settled:
        said.append(
            "The drafts are what visitors see, but something around them has changed: search and social, a snippet, or "
            "what comes along with every page. Publishing brings it to visitors."
        )
    elif not said:
        said.append("Nothing has changed: visitors see what you see here.")
    if facts.live.policy_version != facts.policy.version:
        said.append(f"Your policy is version {facts.policy.version} now; the page went live under an earlier one.")
    return said


def _say_audience(facts: Facts, key: str) -> str:
    if facts.running is not None:
        experiment, phase = facts.running
        if key in phase.weights and experiment.state == "running":
            return f"Its visitors in {experiment.key} see it."
        return "Nobody sees it: it takes no part in the test."
    return "Every visitor sees it." if key == min(facts.drafts) else "Nobody sees it before a test includes it."


def _next_step(session: Session, place: Place, facts: Facts) -> tuple[str, str]:
    """What can be done with a page that is live and in no test, and the address to do it at."""
    if facts.live is None or facts.running is not None or not caller().can(Permission.EXPERIMENTS_RUN):
        return "", ""
    if len(facts.live.versions) > 1:
        return "Plan an experiment", f"/experiments/new?{urlencode({'page': place.label})}"
    is_below = pages.find_page(session, place.site, place.page.slug.rpartition("/")[0]) is not None
    if is_below or len(facts.drafts) > 1 or not caller().can(Permission.PAGES_EDIT):
        return "", ""
    return "To test this page, copy it to a new variant, change the copy, and publish.", ""


def _test_choice(session: Session, facts: Facts) -> TestChoice | None:
    if facts.running is None:
        return None
    experiment = facts.running[0]
    visitors = sum(item.confirmed for item in results.report(session, experiment, now=edge().now).variants)
    return TestChoice(
        key=experiment.key,
        address=f"/experiments/{experiment.key}",
        set_aside=f"The {plural(visitors, 'visitor')} counted so far are set aside." if visitors else "",
    )
