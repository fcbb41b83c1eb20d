"""What a page says and how: each rule finds what it is for, says where and how to mend it, and lets good pages be."""

import pytest

from lander.document import Document
from lander.pages.forms import adopt_forms
from lander.policy.content import check_content, show_defaults
from lander.policy.findings import Finding, Severity
from lander.policy.parse import parse_policy
from lander.policy.policy import DEFAULTS, Content

GOOD = """<!doctype html>
<html lang="en">
<head><title>Cars in {{city|titlecase|Vancouver}}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="All new cars, at your door in a week.">
</head>
<body>
<h1>Cars</h1>
<h2>Why</h2><h3>Fast</h3><h2>How</h2>
<img src="car.jpg" alt="A red car"><img src="line.png" alt="">
<form id="f">
<label for="email">E-mail</label><input id="email" name="email" type="email">
<label>Name <input name="name"></label>
<input name="phone" type="tel" aria-label="Phone">
<label><input type="checkbox" name="consent" required> You may write to me</label>
<button>Send</button>
</form>
<a href="/privacy">Privacy</a>
<a href="/"><img src="logo.svg" alt="Home"></a>
</body></html>
"""


def check(source: str, content: Content = DEFAULTS.content) -> list[Finding]:
    document = Document(source)
    return check_content(document, adopt_forms(document, enable_submit=True), content)


def rules(source: str, content: Content = DEFAULTS.content) -> list[tuple[str, int | None]]:
    return [(finding.rule.removeprefix("content."), finding.line) for finding in check(source, content)]


def test_a_good_page_has_no_findings() -> None:
    assert check(GOOD) == []


@pytest.mark.parametrize(
    ("before", "after", "rule", "line"),
    [
        ("<title>Cars in {{city|titlecase|Vancouver}}</title>", "", "title", None),
        ("Cars in {{city|titlecase|Vancouver}}", " ", "title", 3),
        ("Cars in {{city|titlecase|Vancouver}}", "x" * 61, "title", 3),
        ("All new cars, at your door in a week.", "", "description", 5),
        ("All new cars, at your door in a week.", "x" * 161, "description", 5),
        ('<meta name="description" content="All new cars, at your door in a week.">', "", "description", None),
        (' lang="en"', "", "language", 2),
        (' lang="en"', ' lang="english please"', "language", 2),
        ('<meta name="viewport" content="width=device-width, initial-scale=1">', "", "viewport", None),
        ('alt="A red car"', "", "alt_texts", 10),
        ("<button>Send</button>", '<input type="image" src="go.png" alt="">', "alt_texts", 16),
        ('<label for="email">E-mail</label>', "", "labels", 12),
        ('<label for="email">E-mail</label>', '<label for="email"></label>', "labels", 12),
        ("<label>Name ", "<label>", "labels", 13),
        (' aria-label="Phone"', "", "labels", 14),
        ("<h1>Cars</h1>", "", "headings", None),
        ("<h2>How</h2>", "<h1>How</h1>", "headings", 9),
        ("<h2>Why</h2>", "", "headings", 9),
        ("<button>Send</button>", '<button><i class="bi bi-send"></i></button>', "link_texts", 16),
        ('alt="Home"', 'alt=""', "link_texts", 19),
        ('<label for="email">', '<label for="mail">', "ids", 12),
        ('<img src="line.png"', '<img id="email" src="line.png"', "ids", 12),
        ('aria-label="Phone"', 'aria-labelledby="gone"', "ids", 14),
        ('<label><input type="checkbox" name="consent" required> You may write to me</label>', "", "consent", 11),
        ('<a href="/privacy">Privacy</a>', "", "privacy_link", None),
    ],
)
def test_what_is_missing_or_wrong_is_found_at_its_line(before: str, after: str, rule: str, line: int | None) -> None:
    assert before in GOOD
    found = check(GOOD.replace(before, after))
    assert (f"content.{rule}", line) in [(finding.rule, finding.line) for finding in found]
    for finding in found:
        assert finding.severity is Severity.WARN
        assert finding.sentence.endswith(".")
        assert finding.fix
        assert finding.element


def test_a_title_of_sixty_characters_and_a_description_of_160_are_just_right() -> None:
    page = GOOD.replace("Cars in {{city|titlecase|Vancouver}}", "x" * 60).replace(
        "All new cars, at your door in a week.", "x" * 160
    )
    assert check(page) == []


def test_dynamic_text_counts_with_its_default() -> None:
    assert show_defaults('Cars in <ub:dynamic parameter="city">Vancouver</ub:dynamic>') == "Cars in Vancouver"
    long = GOOD.replace("Vancouver", "V" * 53)
    assert rules(long) == [("title", 3)]


def test_what_a_screen_reader_passes_over_needs_no_name() -> None:
    hidden = '<div aria-hidden="true"><img src="x.png"><a href="/x"></a><input name="trap"><h1>x</h1></div></body>'
    assert check(GOOD.replace("</body>", hidden)) == []


def test_forbidden_words_are_found_in_text_and_in_what_is_read_aloud_whatever_their_case() -> None:
    content = parse_policy('[content]\nforbidden_words = ["cheap", "best in town"]\nforbidden = "refuse"').content
    page = GOOD.replace("A red car", "A CHEAP car").replace("<h2>Why</h2>", "<h2>Best  in\ntown</h2>")
    found = check(page, content)
    assert [(item.rule, item.severity, item.line) for item in found] == [
        ("content.forbidden", Severity.REFUSE, 9),
        ("content.forbidden", Severity.REFUSE, 11),
    ]
    assert "“Best in town”" in found[0].sentence
    assert check(GOOD.replace("A red car", "A cheapish car"), content) == []
    assert check(GOOD.replace("</body>", "<script>let cheap = 1</script></body>"), content) == []


def test_each_rule_can_be_switched_off_and_made_to_refuse() -> None:
    everything = "\n".join(f'{rule} = "off"' for rule in ("title", "description", "language", "viewport", "headings"))
    off = parse_policy(f'[content]\n{everything}\nprivacy_link = "off"').content
    assert check("<p>Hello</p>", off) == []
    strict = parse_policy('[content]\ntitle = "refuse"\nimprint = "refuse"').content
    refused = [item.rule for item in check("<p>Hello</p>", strict) if item.severity is Severity.REFUSE]
    assert sorted(refused) == ["content.imprint", "content.title"]


def test_a_policy_names_every_mistake_in_its_levels_and_numbers() -> None:
    with pytest.raises(Exception, match="6 places need mending") as raised:
        parse_policy(
            '[content]\ntitle = "loud"\ntitle_characters = 0\nforbidden_words = [" ", 3]\n'
            "[budgets]\npage_kb = 0\nweight = true\n"
        )
    said = str(raised.value)
    for line in ("Line 2", "Line 3", "Line 4", "Line 6", "Line 7"):
        assert line in said
