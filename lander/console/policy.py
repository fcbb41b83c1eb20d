"""The rules in force, for everybody to read. They change by file, on the command line, and by IT alone."""

from flask import Blueprint, Response

from lander.access.gate import caller, studio, view
from lander.access.models import Role
from lander.access.permissions import Permission
from lander.console.context import PolicyRow, PolicyScreen
from lander.console.screens import show
from lander.db import reading
from lander.policy.describe import describe
from lander.policy.store import list_versions, load_policy

blueprint = Blueprint("policy", __name__)


@view(blueprint, "/policy", permission=Permission.POLICY_READ)
def show_policy() -> Response:
    with reading(studio().engine) as session:
        policy, versions = load_policy(session), list_versions(session)
    current = versions[0] if versions else None
    _, *rules = describe(policy)  # the first sentence names the version, which the screen's head does
    return show(
        PolicyScreen(
            version=policy.version,
            applied_at=current.applied_at if current else None,
            applied_by=current.applied_by if current else "",
            sentences=rules,
            text=current.text if current else "",
            earlier=[PolicyRow(item.number or 0, item.applied_at, item.applied_by) for item in versions[1:]],
            may_apply=caller().user.role is Role.IT,
        )
    )
