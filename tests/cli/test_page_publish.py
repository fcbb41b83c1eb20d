"""`lander page publish | rollback | withdraw`: what visitors see, and how it is taken back."""

import json

from tests.cli.conftest import HOST, OTHER_HOSTS_SCRIPT, PAGE, Terminal

_SALE = ("--site", HOST, "--slug", "spring-sale")


def import_again(terminal: Terminal, headline: str, variant: str = "a") -> None:
    file = terminal.write("again.html", PAGE.format(headline=headline))
    terminal.ok("page", "import", *_SALE, "--variant", variant, "--replace", file)


def test_a_page_goes_live(terminal: Terminal) -> None:
    terminal.import_page()
    said = terminal.ok("page", "publish", *_SALE)
    assert said["address"] == f"{HOST}/spring-sale"
    assert {finding["severity"] for finding in said["findings"]} == {"warn"}
    (row,) = terminal.ok("page", "list")
    assert (row["live"], row["release"]) == (True, said["release"])


def test_publishing_the_same_again_changes_nothing(terminal: Terminal) -> None:
    terminal.publish_page()
    assert "has not changed" in terminal.read("page", "publish", *_SALE)


def test_every_refusal_is_named_with_element_line_and_fix(terminal: Terminal) -> None:
    file = terminal.write("sale.html", OTHER_HOSTS_SCRIPT)
    terminal.ok("page", "import", *_SALE, file)
    done = terminal.run("page", "publish", *_SALE)
    reason, finding, *warnings = done.err.splitlines()
    assert done.status == 1
    assert reason == f"lander: {HOST}/spring-sale was not published, and nothing changed. One thing stands in the way."
    assert finding.startswith("  variant a, <script>: Line 3 loads a script from cdn.example.net.")
    assert "upload a copy of it" in finding
    assert finding.endswith("(isolation.allow.script)")
    assert all("(content." in line for line in warnings)


def test_refusals_are_json_too(terminal: Terminal) -> None:
    file = terminal.write("sale.html", OTHER_HOSTS_SCRIPT)
    terminal.ok("page", "import", *_SALE, file)
    problem = json.loads(terminal.run("page", "publish", *_SALE, "--json").err)["error"]
    assert problem["code"] == "refused"
    finding, *_ = problem["findings"]
    assert (finding["rule"], finding["line"], finding["element"]) == ("isolation.allow.script", 3, "<script>")


def test_what_is_not_allowed_is_taken_out_knowingly(terminal: Terminal) -> None:
    file = terminal.write("sale.html", OTHER_HOSTS_SCRIPT)
    terminal.ok("page", "import", *_SALE, file)
    said = terminal.read("page", "publish", *_SALE, "--strip-external")
    assert f"{HOST}/spring-sale is live." in said
    assert "Taken out: variant a, Line 3: <script> https://cdn.example.net/x.js" in said


def test_a_change_under_test_needs_a_choice(terminal: Terminal) -> None:
    terminal.start_test()
    import_again(terminal, "Something else")
    reason = terminal.refused("page", "publish", *_SALE)
    assert "'annotate'" in reason
    assert "'new-phase'" in reason
    said = terminal.ok("page", "publish", *_SALE, "--during-test", "new-phase")
    assert said["during_test"] == "new-phase"
    assert terminal.ok("report", *_SALE)["phase"] == 2


def test_a_note_keeps_the_phase(terminal: Terminal) -> None:
    terminal.start_test()
    for key in ("a", "b"):
        import_again(terminal, "Something else", key)
    terminal.ok("page", "publish", *_SALE, "--during-test", "annotate")
    assert terminal.ok("report", *_SALE)["phase"] == 1


def test_another_choice_is_refused(terminal: Terminal) -> None:
    assert "'maybe' is not one of 'annotate', 'new-phase'" in terminal.refused(
        "page", "publish", *_SALE, "--during-test", "maybe"
    )


def test_the_release_before_comes_back(terminal: Terminal) -> None:
    terminal.import_page()
    first = terminal.ok("page", "publish", *_SALE)["release"]
    import_again(terminal, "Something else")
    second = terminal.ok("page", "publish", *_SALE)["release"]
    assert terminal.ok("page", "rollback", *_SALE)["release"] == first
    assert terminal.ok("page", "rollback", *_SALE, "--to", second)["release"] == second


def test_there_must_be_something_to_go_back_to(terminal: Terminal) -> None:
    terminal.publish_page()
    assert "never looked different" in terminal.refused("page", "rollback", *_SALE)
    assert "has no release 123" in terminal.refused("page", "rollback", *_SALE, "--to", "123")


def test_a_page_is_withdrawn_and_brought_back(terminal: Terminal) -> None:
    terminal.publish_page()
    assert terminal.ok("page", "withdraw", *_SALE) == {"address": f"{HOST}/spring-sale", "live": False}
    assert "is not live" in terminal.refused("page", "withdraw", *_SALE)
    terminal.ok("page", "rollback", *_SALE)
    assert terminal.ok("page", "list")[0]["live"]


def test_a_page_under_test_is_not_withdrawn(terminal: Terminal) -> None:
    terminal.start_test()
    assert "spring-sale-1 runs on" in terminal.refused("page", "withdraw", *_SALE)


def test_a_page_that_is_not_there_is_named(terminal: Terminal) -> None:
    for verb in ("publish", "rollback", "withdraw"):
        assert f"no page at {HOST}/spring-sale" in terminal.refused("page", verb, *_SALE)
