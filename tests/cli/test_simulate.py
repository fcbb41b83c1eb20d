"""`lander simulate`: what it is told, before anybody is sent."""

import pytest

from tests.cli.conftest import Terminal


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
