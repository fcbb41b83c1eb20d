"""`lander redirect`, and `lander page rename` and `retire`."""

from lander.db import transaction
from lander.pages.missing import store_missing
from tests.cli.conftest import HOST, Terminal

SITE = ("--site", HOST)


def test_a_redirect_is_added_listed_and_removed(terminal: Terminal) -> None:
    said = terminal.read("redirect", "add", *SITE, "/old", "https://www.localhost/", "--note", "moved")
    assert said == "go.localhost/old leads to https://www.localhost/ now (301).\n"
    terminal.ok("redirect", "add", *SITE, "/gone", "--status", "410")
    assert terminal.ok("redirect", "list", *SITE, "--search", "moved") == [
        {"from": "/old", "to": "https://www.localhost/", "status": 301, "note": "moved"}
    ]
    assert terminal.read("redirect", "list", *SITE).splitlines()[0].split() == [
        "old",
        "address",
        "leads",
        "to",
        "status",
    ]
    terminal.ok("redirect", "remove", *SITE, "https://go.localhost/old")
    assert "no redirect" in terminal.refused("redirect", "remove", *SITE, "/old")


def test_what_cannot_be_a_redirect_is_refused_with_the_reason(terminal: Terminal) -> None:
    terminal.publish_page()
    assert "A live page answers" in terminal.refused("redirect", "add", *SITE, "/spring-sale", "/x")
    assert "neither a path" in terminal.refused("redirect", "add", *SITE, "/old", "nowhere")
    assert "no site 'go.example'" in terminal.refused("redirect", "list", "--site", "go.example").lower()


def test_a_file_is_planned_then_taken_in_and_comes_out_again(terminal: Terminal) -> None:
    file = terminal.write("old.csv", "from;to\n/a;/b\n/b;https://www.localhost/\nnonsense;/x\n")
    plan = terminal.ok("redirect", "import", *SITE, "--plan", file)
    assert (plan["new"], [item["line"] for item in plan["wrong"]]) == (2, [4])
    assert terminal.ok("redirect", "list", *SITE) == []
    done = terminal.run("redirect", "import", *SITE, file)
    assert done.status == 1
    assert "One row is wrong, and nothing was changed." in done.err
    assert "line 4, nonsense: 'nonsense' is not a path." in done.err
    assert "Left out: Line 4" in terminal.read("redirect", "import", *SITE, "--only-good", file)
    out = terminal.write("out.csv", terminal.ok("redirect", "export", *SITE)["csv"])
    again = terminal.ok("redirect", "import", *SITE, out)
    assert (again["new"], again["changed"], again["same"]) == (0, [], 2)


def test_chains_are_found_and_flattened(terminal: Terminal) -> None:
    terminal.ok("redirect", "import", *SITE, terminal.write("c.csv", "/a,/b\n/b,https://www.localhost/x\n"))
    assert "/a: /b → https://www.localhost/x" in terminal.read("redirect", "check", *SITE)
    answer = terminal.ok("redirect", "check", *SITE, "--flatten")
    assert answer == {"flattened": 1, "findings": []}
    assert terminal.read("redirect", "check", *SITE) == "Nothing is wrong with the redirects.\n"


def test_what_people_asked_for_in_vain_is_listed(terminal: Terminal) -> None:
    terminal.publish_page()
    with transaction(terminal.engine) as session:
        store_missing(session, [b'{"host": "go.localhost", "path": "/old/spring_sale", "at_ms": 1763715600000}'])
    (row,) = terminal.ok("redirect", "missing", *SITE)
    assert (row["path"], row["hits"], row["proposal"]) == ("/old/spring_sale", 1, "/spring-sale")


def test_a_page_is_renamed_and_its_old_address_leads_on(terminal: Terminal) -> None:
    terminal.publish_page()
    moved = terminal.ok("page", "rename", *SITE, "--slug", "spring-sale", "--to", "big-sale")
    assert (moved["target"], moved["status"]) == ("/big-sale", 301)
    assert [row["from"] for row in terminal.ok("redirect", "list", *SITE)] == ["/spring-sale"]
    assert "already" in terminal.refused("page", "rename", *SITE, "--slug", "big-sale", "--to", "big-sale")


def test_a_page_is_retired_and_put_back(terminal: Terminal) -> None:
    terminal.publish_page()
    page = ("page", "retire", *SITE, "--slug", "spring-sale")
    assert "Where do its visitors go?" in terminal.refused(*page)
    assert "Where do its visitors go?" in terminal.refused(*page, "--gone", "--to", "/x")
    assert "(302)" in terminal.read(*page, "--for-now", "https://www.localhost/")
    assert terminal.ok("page", "list")[0]["live"] is False
    terminal.ok(*page, "--undo")
    assert terminal.ok("page", "list")[0]["live"] is True
    assert terminal.ok("redirect", "list", *SITE) == []


def test_the_latest_import_is_taken_back(terminal: Terminal) -> None:
    assert "Nothing was ever imported" in terminal.refused("redirect", "undo-import", *SITE)
    terminal.ok("redirect", "import", *SITE, terminal.write("a.csv", "/a,https://www.localhost/a\n"))
    assert terminal.ok("redirect", "undo-import", *SITE) == {"removed": 1, "restored": 0}
    assert terminal.ok("redirect", "list", *SITE) == []
    assert "undone already" in terminal.refused("redirect", "undo-import", *SITE)
