"""The rules in force, for everybody to read. They change by file, on the command line, and by IT alone."""

from flask import Blueprint, Response

from lander.access.gate import caller, studio, view
from lander.access.models import Role
from lander.access.permissions import Permission
from lander.console.context import PolicyScreen
from lander.console.screens import show
from lander.db import reading
from lander.policy.describe import describe
from lander.policy.store import find_version, load_policy

blueprint = Blueprint("policy", __name__)


@view(blueprint, "/policy", permission=Permission.POLICY_READ)
def show_policy() -> Response:
    with reading(studio().engine) as session:
        policy, version = load_policy(session), find_version(session)
    return show(
        PolicyScreen(
            version=policy.version,
            applied_at=version.applied_at if version else None,
            applied_by=version.applied_by if version else "",
            sentences=describe(policy),
            text=version.text if version else "",
            may_apply=caller().user.role is Role.IT,
        )
    )
