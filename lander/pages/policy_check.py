"""What a policy would mean to the pages that are live, before it is applied. Looking only."""

from sqlmodel import Session, col, select

from lander.pages import release as releases
from lander.pages.models import Page
from lander.pages.pages import address_of
from lander.pages.publish import find_live
from lander.policy.findings import Finding, Severity
from lander.policy.parse import parse_policy


def check_policy(session: Session, text: str) -> list[tuple[str, Finding]]:
    """What a policy file would refuse on the pages that are live, as (address, finding). Changes nothing."""
    policy = parse_policy(text)
    broken: list[tuple[str, Finding]] = []
    for page in session.exec(select(Page).where(col(Page.release_id).is_not(None)).order_by(col(Page.slug))):
        live = find_live(session, page)
        assert live is not None
        plan = releases.plan_release(
            session,
            page,
            releases.load_versions(session, live),
            policy=policy,
            scheme="https",
            allocation=None,
            strip_external=live.strip_external,
            snippets=live.snippets,
        )
        address = address_of(session, page)
        broken += [(address, finding) for finding in plan.findings if finding.severity is Severity.REFUSE]
    return sorted(broken, key=lambda item: item[0])
