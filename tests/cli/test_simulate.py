"""`lander simulate`: what it is told, before anybody is sent."""

import pytest

from tests.cli.conftest import HOST, Terminal


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--rates", "a"), "--rates: 'a' is not a variant with a share."),
        (("--rates", "a=2"), "--rates: 'a=2' is not"),
        (("--rates", "=0.1"), "--rates: '=0.1' is not"),
        (("--rates", "a=nan"), "--rates: 'a=nan' is not"),
        (("--rates", "a=0.1", "--lost-beacons", "b=x"), "--lost-beacons: 'b=x' is not"),
        (("--rates", "a=0.1", "--further", "scroll-2"), "--further: 'scroll-2' is not a goal's key with shares."),
        (("--rates", "a=0.1", "--further", "scroll-2:a=2"), "--further: 'a=2' is not"),
        (("--rates", "a=0.1", "--visitors", "0"), "'--visitors'"),
        (("--rates", "a=0.1", "--days", "0"), "'--days'"),
        ((), "Missing option '--rates'"),
    ],
)
def test_a_crowd_that_cannot_be_is_refused(terminal: Terminal, options: tuple[str, ...], reason: str) -> None:
    said = terminal.refused("simulate", "--site", "go.localhost", "--slug", "sale", "--visitors", "5", *options)
    assert reason in said


@pytest.mark.parametrize(
    "options",
    [
        ("--rates", "a=0.1,zz=0.2"),
        ("--rates", "a=0.1", "--lost-beacons", "zz=1"),
        ("--rates", "a=0.1", "--further", "scroll-2:zz=0.5"),
    ],
)
def test_a_variant_that_no_visitor_sees_is_refused(terminal: Terminal, options: tuple[str, ...]) -> None:
    terminal.publish_page()
    said = terminal.refused("simulate", "--site", HOST, "--slug", "spring-sale", "--visitors", "5", *options)
    assert said.startswith(f"{options[-2]}: variant zz of {HOST}/spring-sale is not live.")
