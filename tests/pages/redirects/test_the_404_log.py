"""Addresses asked for in vain, gathered from the journals of all workers, most asked first."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from lander.access.audit import list_entries
from lander.errors import NotFound
from lander.pages import missing, publish, redirects
from lander.pages.models import MissingPath, Site
from lander.pages.redirect_rules import Rule
from tests.pages.publishing import MAYA, NOW, PAGE, add_page, add_site, make_settings


@pytest.fixture
def site(session: Session, tmp_path: Path) -> Site:
    """With a live page at /spring-sale."""
    site = add_site(session)
    publish.publish(session, make_settings(tmp_path), add_page(session, site, {"a": PAGE}), actor=MAYA, now=NOW)
    return site


def asked(path: str, *, minutes: int = 0, referrer: str = "", host: str = "go.example.com", **more: Any) -> bytes:
    at = NOW + timedelta(minutes=minutes)
    row = {"host": host, "path": path, "referrer": referrer, "at_ms": round(at.timestamp() * 1000), **more}
    return json.dumps(row).encode()


def test_what_was_asked_for_most_comes_first_with_the_page_that_resembles_it(session: Session, site: Site) -> None:
    missing.store_missing(session, [asked("/sale/spring.html"), asked("/rare"), asked("/sale/spring.html", minutes=1)])
    missing.store_missing(session, [asked("/sale/spring.html", minutes=2, referrer="blog.example")])
    first, second = missing.list_missing(session, site)
    assert (first.path, first.hits, first.referrer, first.proposal) == (
        "/sale/spring.html",
        3,
        "blog.example",
        "/spring-sale",
    )
    assert (first.first_at, first.last_at) == (NOW, NOW + timedelta(minutes=2))
    assert (second.path, second.hits, second.proposal) == ("/rare", 1, "")


def test_batches_may_come_in_any_order(session: Session, site: Site) -> None:
    missing.store_missing(session, [asked("/a", minutes=5, referrer="x.example")])
    missing.store_missing(session, [asked("/a")])
    (found,) = missing.list_missing(session, site)
    assert (found.first_at, found.last_at, found.referrer) == (NOW, NOW + timedelta(minutes=5), "x.example")


def test_what_is_answered_by_now_is_not_listed(session: Session, site: Site) -> None:
    missing.store_missing(session, [asked("/old/"), asked("/spring-sale"), asked("/still")])
    redirects.put_redirect(session, site, Rule("/Old", "/spring-sale", 301), actor=MAYA, now=NOW)
    assert [item.path for item in missing.list_missing(session, site)] == ["/still"]


def test_it_can_be_put_aside_and_taken_back(session: Session, site: Site) -> None:
    missing.store_missing(session, [asked("/wp-login.php"), asked("/b")])
    missing.ignore_missing(session, site, "/wp-login.php", actor=MAYA, now=NOW)
    missing.store_missing(session, [asked("/wp-login.php", minutes=1)])
    assert [item.path for item in missing.list_missing(session, site)] == ["/b"]
    assert [(item.path, item.hits) for item in missing.list_missing(session, site, ignored=True)] == [
        ("/wp-login.php", 2)
    ]
    missing.ignore_missing(session, site, "/wp-login.php", ignored=False, actor=MAYA, now=NOW)
    assert len(missing.list_missing(session, site)) == 2
    assert [entry.action for entry in list_entries(session)][:2] == ["missing.restore", "missing.ignore"]


def test_nobody_can_put_aside_what_is_not_there(session: Session, site: Site) -> None:
    with pytest.raises(NotFound, match="Nobody asked"):
        missing.ignore_missing(session, site, "/a", actor=MAYA, now=NOW)


def test_rows_that_cannot_be_read_are_left_out_and_counted(session: Session, site: Site) -> None:
    rows = [b"{", b"[]", asked(""), asked("/x" * 600), asked("/a", at_ms=-1), asked("/good", new_field=1)]
    assert missing.store_missing(session, rows) == 5
    assert [item.path for item in missing.list_missing(session, site)] == ["/good"]


def test_a_host_that_is_no_site_any_more_is_left_out(session: Session, site: Site) -> None:
    assert missing.store_missing(session, [asked("/a", host="gone.example.com")]) == 0
    assert session.exec(select(MissingPath)).all() == []
    assert missing.store_missing(session, []) == 0


def test_the_ones_asked_for_last_are_kept(session: Session, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(missing, "KEPT", 10)
    other = add_site(session, "go.example.org")
    missing.store_missing(session, [asked("/theirs", host="go.example.org")])
    missing.store_missing(session, [asked(f"/{number}", minutes=number) for number in range(25)])
    missing.store_missing(session, [asked("/0", minutes=60)])
    kept = {item.path for item in missing.list_missing(session, site)}
    assert kept == {"/0", *(f"/{number}" for number in range(16, 25))}
    assert len(missing.list_missing(session, other)) == 1


def test_time_is_told_in_utc(session: Session, site: Site) -> None:
    missing.store_missing(session, [asked("/a")])
    (found,) = missing.list_missing(session, site)
    assert found.last_at == datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
