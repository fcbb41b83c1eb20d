"""What each role is shown. What each may do, route by route, stands in `tests/matrix/test_authorisation.py`."""

from experiments.models import Experiment
from lander.access.permissions import PERMISSIONS, Permission
from tests.cast import ROLES
from tests.console.conftest import Browser, text_of


def test_the_navigation_shows_only_what_a_role_may_see(maya: Browser, ivan: Browser) -> None:
    assert "Audit" not in text_of(maya.get("/"))
    assert "Audit" in text_of(ivan.get("/"))


def test_buttons_that_a_role_may_not_use_are_not_shown(ana: Browser, ivan: Browser, experiment: Experiment) -> None:
    seen_by_ana, seen_by_ivan = ana.get("/pages/spring-sale").text, ivan.get("/pages/spring-sale").text
    assert "/publish" not in seen_by_ana
    assert "/copy" not in seen_by_ana
    assert "/withdraw" not in seen_by_ana
    assert "/publish" not in seen_by_ivan
    assert "/stop" not in ivan.get("/experiments/spring-sale-1").text
    assert "New page" not in ana.get("/pages").text
    assert "Plan an experiment" not in ivan.get("/experiments").text


def test_every_role_has_its_row() -> None:
    assert set(PERMISSIONS) == set(ROLES.values())
    assert all(Permission.PUBLIC not in granted for granted in PERMISSIONS.values())
