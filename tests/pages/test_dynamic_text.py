"""`{{city|titlecase|Vancouver}}` where text is shown, and nowhere else."""

import pytest

from lander.document import Document, Edits
from lander.pages.dynamic_text import place_slots
from lander.policy.findings import Finding, Severity
from lander.published import TextSlot

CITY = TextSlot("city", "titlecase", "Vancouver")


def _place(source: str) -> tuple[tuple[object, ...], list[Finding]]:
    document = Document(source)
    edits = Edits(document)
    findings = place_slots(document, edits)
    return edits.apply(), findings


@pytest.mark.parametrize(
    ("source", "before", "after"),
    [
        ("<p>Hello {{city|titlecase|Vancouver}}.</p>", "<p>Hello ", ".</p>"),
        ("<title>Pizza in {{ city | titlecase | Vancouver }}</title>", "<title>Pizza in ", "</title>"),
        ('<img alt="In {{city|titlecase|Vancouver}}!">', '<img alt="In ', '!">'),
        ('<p title="{{city|titlecase|Vancouver}}">', '<p title="', '">'),
        ('<input placeholder="{{city|titlecase|Vancouver}}">', '<input placeholder="', '">'),
        ('<button aria-label="{{city|titlecase|Vancouver}}">', '<button aria-label="', '">'),
        ('<input type=submit value="{{city|titlecase|Vancouver}}">', '<input type=submit value="', '">'),
        (
            '<meta name="Description" content="{{city|titlecase|Vancouver}}">',
            '<meta name="Description" content="',
            '">',
        ),
        ("<textarea>{{city|titlecase|Vancouver}}</textarea>", "<textarea>", "</textarea>"),
        ("<svg><text>{{city|titlecase|Vancouver}}</text></svg>", "<svg><text>", "</text></svg>"),
    ],
)
def test_a_slot_stands_wherever_text_is_shown(source: str, before: str, after: str) -> None:
    assert _place(source) == ((before, CITY, after), [])


def test_an_attribute_without_quotes_gets_them_so_that_a_value_cannot_leave_it() -> None:
    parts, _ = _place("<img alt={{city|titlecase|Vancouver}} src=a.png>")
    assert parts == ('<img alt="', CITY, '" src=a.png>')


def test_the_rest_of_an_attribute_stays_escaped() -> None:
    parts, _ = _place("<img alt='\"A &amp; B\" {{city|titlecase|Vancouver}}'>")
    assert parts[0] == '<img alt="&quot;A &amp; B&quot; '


def test_the_default_is_the_text_its_author_meant() -> None:
    parts, _ = _place("<p>{{firm||Smith &amp; Sons}}</p><p title='{{firm||Smith &amp; Sons}}'>")
    assert [part for part in parts if isinstance(part, TextSlot)] == [TextSlot("firm", "", "Smith & Sons")] * 2


def test_several_slots_in_one_text_keep_their_places() -> None:
    parts, _ = _place("<p>{{a||1}}, {{b|uppercase|2}}</p>")
    assert parts == ("<p>", TextSlot("a", "", "1"), ", ", TextSlot("b", "uppercase", "2"), "</p>")


@pytest.mark.parametrize(
    "source",
    [
        "<script>var t = '{{city|titlecase|Vancouver}}'</script>",
        "<style>p::after{content:'{{city|titlecase|Vancouver}}'}</style>",
        "<!-- {{city|titlecase|Vancouver}} -->",
        "<svg><style>p{content:'{{city|titlecase|Vancouver}}'}</style></svg>",
    ],
)
def test_scripts_styles_and_comments_are_left_alone(source: str) -> None:
    assert _place(source) == ((source,), [])


@pytest.mark.parametrize(
    "source",
    [
        '<a href="https://x.example/{{city|titlecase|Vancouver}}">x</a>',
        '<img src="{{city|titlecase|Vancouver}}">',
        '<p style="color:{{city|titlecase|red}}">',
        '<p onclick="{{city|titlecase|x}}">',
        '<meta property="og:title" content="{{city|titlecase|Vancouver}}">',
        '<input type="hidden" value="{{city|titlecase|Vancouver}}">',
        '<input type="radio" value="{{city|titlecase|Vancouver}}">',
        "<select><option>{{city|titlecase|Vancouver}}</option></select>",
    ],
)
def test_other_places_keep_it_as_written_and_are_reported(source: str) -> None:
    parts, findings = _place(source)
    assert parts == (source,)
    (finding,) = findings
    assert finding.severity is Severity.WARN
    assert finding.rule == "dynamic-text.place"
    assert finding.line == 1


def test_unbounces_element_is_read_with_its_content_as_default() -> None:
    parts, findings = _place(
        '<h1>Pizza in <ub:dynamic method="titlecase" parameter="city">Van<b>couver</b></ub:dynamic>!</h1>'
    )
    assert parts == ("<h1>Pizza in ", CITY, "!</h1>")
    assert findings == []


def test_unbounces_element_is_read_in_the_title_too() -> None:
    parts, _ = _place("<title>In <ub:dynamic method='titlecase' parameter=\"city\">Vancouver</ub:dynamic></title>")
    assert parts == ("<title>In ", CITY, "</title>")


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("<p>\n{{city|titelcase|Vancouver}}</p>", "'titelcase'"),
        ("<p>\n{{city|Vancouver}}</p>", "{{city|Vancouver}}"),
        ("<p>\n{{city|a|b|c}}</p>", "{{city|a|b|c}}"),
        ("<p>\n<ub:dynamic parameter='city'>Vancouver</p>", "<ub:dynamic>"),
        ("<p>\n<ub:dynamic>Vancouver</ub:dynamic></p>", "no parameter"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_its_line(source: str, named: str) -> None:
    parts, findings = _place(source)
    assert not any(isinstance(part, TextSlot) for part in parts)
    (finding,) = findings
    assert finding.severity is Severity.REFUSE
    assert finding.line == 2
    assert named in finding.sentence


def test_braces_of_another_template_engine_are_left_and_mentioned() -> None:
    parts, findings = _place("<p>Hi {{ name }}</p>")
    assert parts == ("<p>Hi {{ name }}</p>",)
    assert [(finding.severity, finding.rule) for finding in findings] == [(Severity.WARN, "dynamic-text.syntax")]
