"""What a page says and how, rule by rule: title, description, language, headings, alternative texts, labels, links, words.

Pure functions over one document, whoever reads it: a person, a screen reader, a search engine. How grave a finding is
stands in the policy. Dynamic text is read as its default, which is what visitors without parameters see.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from lander.document import Document, Element
from lander.policy.findings import Finding, Severity
from lander.policy.policy import Content, Level
from lander.policy.rules import Adopted

_SLOT: Final = re.compile(r"\{\{[^{}|]*\|[^{}|]*\|([^{}|]*)\}\}")
_UB: Final = re.compile(r"</?ub:dynamic\b[^>]*>", re.IGNORECASE)
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_NO_LABEL: Final = frozenset(("hidden", "submit", "button", "reset", "image"))
_CONTROLS: Final = ("input", "select", "textarea")
_HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")
_NAMES: Final = ("aria-label", "title")
_REFERS: Final = ("aria-labelledby", "aria-describedby", "aria-controls")
_PERSONAL: Final = frozenset(("email", "name", "company", "phone"))
_SHOWN: Final = ("alt", "title", "placeholder", "aria-label")
_PRIVACY: Final = re.compile(
    r"privacy|data[\s_-]*protection|datenschutz|confidentialit|privacidad|privacidade|proteccion|protección|riservatezza"
    r"|integritet|personvern|tietosuoja|prywatno|soukrom",
    re.IGNORECASE,
)
_IMPRINT: Final = re.compile(
    r"imprint|impressum|legal[\s_-]*notice|mentions?[\s_-]*l[ée]gales|aviso[\s_-]*legal|note[\s_-]*legali|colofon",
    re.IGNORECASE,
)


def check_content(document: Document, forms: Sequence[Adopted], content: Content) -> list[Finding]:
    """Everything these rules have to say about a page, in the order of its lines."""
    found = [
        *_check_title(document, content),
        *_check_description(document, content),
        *_check_language(document, content.language),
        *_check_viewport(document, content.viewport),
        *_check_alternative_texts(document, content.alt_texts),
        *_check_labels(document, content.labels),
        *_check_headings(document, content.headings),
        *_check_link_texts(document, content.link_texts),
        *_check_ids(document, content.ids),
        *_check_consent(forms, content.consent),
        *_check_required_links(document, content),
        *_check_words(document, content),
    ]
    return sorted(found, key=lambda finding: finding.line or 0)


def find_description(document: Document) -> Element | None:
    """The tag that describes a page to search engines, or None."""
    return next(
        (item for item in document.named("meta") if (item.get("name") or "").strip().lower() == "description"), None
    )


def show_defaults(text: str) -> str:
    """Text as visitors without parameters read it, white space folded.

    >>> show_defaults("Cars in  {{city|titlecase|Vancouver}}")
    'Cars in Vancouver'
    """
    return " ".join(_UB.sub("", _SLOT.sub(lambda match: match[1].strip(), text)).split())


def _check_title(document: Document, content: Content) -> Iterator[Finding]:
    element = next((item for item in document.named("title") if not item.foreign), None)
    text = show_defaults(document.title)
    if not text:
        what = "has an empty title" if element is not None else "has no title"
        sentence = f"The page {what}. It names the browser's tab and is the headline of a search result."
        fix = f"Write what is offered in up to {content.title_characters} characters: <title>…</title> in <head>."
        yield from _find(content.title, "title", sentence, fix, element or "<title>")
    elif len(text) > content.title_characters:
        sentence = f"The title has {len(text)} characters; a search result shows about {content.title_characters}."
        yield from _find(
            content.title, "title", sentence, "Shorten it; what matters comes first.", element or "<title>"
        )


def _check_description(document: Document, content: Content) -> Iterator[Finding]:
    element = find_description(document)
    text = show_defaults((element.get("content") or "") if element is not None else "")
    most = content.description_characters
    if not text:
        what = "is empty" if element is not None else "is missing"
        sentence = f"The description {what}, so a search engine picks some text of the page for its result."
        fix = f'Write a sentence or two, up to {most} characters: <meta name="description" content="…">.'
        yield from _find(content.description, "description", sentence, fix, element or "<meta>")
    elif len(text) > most:
        sentence = f"The description has {len(text)} characters; a search result shows about {most}."
        yield from _find(content.description, "description", sentence, "Shorten it.", element or "<meta>")


def _check_language(document: Document, level: Level) -> Iterator[Finding]:
    element = next((item for item in document.named("html")), None)
    language = ((element.get("lang") or "") if element is not None else "").strip()
    if _LANGUAGE.fullmatch(language):
        return
    what = f"says its language is '{language[:40]}', which is none" if language else "does not say its language"
    sentence = f"The page {what}: screen readers pronounce it wrongly, and browsers offer to translate it."
    fix = 'Write it into the first tag, like <html lang="en">.'
    yield from _find(level, "language", sentence, fix, element or "<html>")


def _check_viewport(document: Document, level: Level) -> Iterator[Finding]:
    element = next((item for item in document.named("meta") if (item.get("name") or "").lower() == "viewport"), None)
    if element is None or not (element.get("content") or "").strip():
        sentence = "The page does not adapt to phones: they show it as wide as a desk's screen, with tiny letters."
        fix = 'Add <meta name="viewport" content="width=device-width, initial-scale=1"> to <head>.'
        yield from _find(level, "viewport", sentence, fix, element or "<meta>")


def _check_alternative_texts(document: Document, level: Level) -> Iterator[Finding]:
    for element in document.elements:
        is_button = element.name == "input" and (element.get("type") or "").strip().lower() == "image"
        if element.foreign or not (element.name == "img" or is_button) or _is_hidden(element):
            continue
        alt = element.get("alt")
        if alt is not None and (alt.strip() or not is_button):
            continue
        if (element.get("role") or "").lower() in ("presentation", "none") or _is_named(element):
            continue
        sentence = f"Line {element.line} shows an image without an alternative text: who cannot see it misses it."
        fix = 'Say what it shows: alt="…". If it is decoration only, write alt="".'
        if is_button:
            sentence = f"The button in line {element.line} is an image that does not say what it does."
            fix = 'Say what pressing it does: alt="Send".'
        yield from _find(level, "alt_texts", sentence, fix, element)


def _check_labels(document: Document, level: Level) -> Iterator[Finding]:
    labelled = {
        identity.strip()
        for item in document.named("label")
        if (identity := item.get("for")) is not None and _text(document, item)
    }
    for element in document.named(*_CONTROLS):
        kind = (element.get("type") or "").strip().lower() if element.name == "input" else element.name
        if kind in _NO_LABEL or _is_hidden(element) or _is_named(element) or element.get("id") in labelled:
            continue
        if any(above.name == "label" and _text(document, above) for above in element.ancestors()):
            continue
        name = element.get("placeholder") or element.get("name") or element.get("id") or ""
        called = f" ('{name[:40]}')" if name else ""
        sentence = f"The field in line {element.line}{called} has no label."
        if element.get("placeholder"):
            sentence += " Its placeholder vanishes as soon as somebody types."
        fix = 'Put <label for=…> with its name before it, or write aria-label="…" where there is no room.'
        yield from _find(level, "labels", sentence, fix, element)


def _check_headings(document: Document, level: Level) -> Iterator[Finding]:
    headings = [item for item in document.named(*_HEADINGS) if not item.foreign and not _is_hidden(item)]
    main = [item for item in headings if item.name == "h1"]
    if not main:
        sentence = "The page has no main heading (<h1>)."
        yield from _find(level, "headings", sentence, "Make the headline the one <h1>.", "<h1>")
    for element in main[1:]:
        sentence = f"Line {element.line} is a second main heading (<h1>); the first stands in line {main[0].line}."
        yield from _find(level, "headings", sentence, "Make it an <h2>.", element)
    for before, element in pairwise(headings):
        if int(element.name[1]) > int(before.name[1]) + 1:
            sentence = f"Line {element.line} goes from <{before.name}> to <{element.name}> and skips a level."
            fix = f"Make it an <h{int(before.name[1]) + 1}>; how large it looks is for the stylesheet to say."
            yield from _find(level, "headings", sentence, fix, element)


def _check_link_texts(document: Document, level: Level) -> Iterator[Finding]:
    for element in document.named("a", "button"):
        is_link = element.name == "a"
        if element.foreign or (is_link and element.get("href") is None) or _is_hidden(element) or _is_named(element):
            continue
        if _text(document, element) or any(_speaks(item) for item in document.inside(element)):
            continue
        what, where = ("link", "leads") if is_link else ("button", "does")
        sentence = f"The {what} in line {element.line} has no text: a screen reader cannot say what it {where}."
        if is_link:
            sentence = f"The link in line {element.line} has no text: a screen reader cannot say where it leads."
        fix = 'Write a text into it, or aria-label="…" where it shows an icon only.'
        yield from _find(level, "link_texts", sentence, fix, element)


def _check_ids(document: Document, level: Level) -> Iterator[Finding]:
    wanted: dict[str, Element] = {}
    for element in document.elements:
        names = [element.get("for")] if element.name in ("label", "output") else []
        names += [element.get(attribute) for attribute in _REFERS]
        for name in (word for text in names if text for word in text.split()):
            wanted.setdefault(name, element)
    places: dict[str, list[Element]] = {}
    for element in document.elements:
        if identity := (element.get("id") or "").strip():
            places.setdefault(identity, []).append(element)
    for name, element in wanted.items():
        there = places.get(name, [])
        if not there:
            sentence = f"Line {element.line} refers to '{name[:60]}', which is not on the page."
            yield from _find(level, "ids", sentence, f'Give what it means id="{name[:60]}".', element)
        elif len(there) > 1:
            lines = " and ".join(str(line) for line in dict.fromkeys(item.line for item in there[:3]))
            sentence = f"'{name[:60]}' is the id of {len(there)} elements (lines {lines}); a label can mean one only."
            yield from _find(level, "ids", sentence, "Give each an id of its own.", there[1])


def _check_consent(forms: Sequence[Adopted], level: Level) -> Iterator[Finding]:
    for adopted in forms:
        asked = Counter(item.kind for item in adopted.form.fields)
        if not adopted.form.consent_text and _PERSONAL & set(asked):
            sentence = f"The form in line {adopted.line} asks for personal data and has no consent text."
            fix = 'Add a checkbox with what visitors agree to, and name it "consent"; the text is kept with each lead.'
            yield from _find(level, "consent", sentence, fix, adopted.element)


def _check_required_links(document: Document, content: Content) -> Iterator[Finding]:
    links = [f"{_text(document, item)} {item.get('href')}" for item in document.named("a") if item.get("href")]
    for rule, level, pattern, what in (
        ("privacy_link", content.privacy_link, _PRIVACY, "privacy notice"),
        ("imprint", content.imprint, _IMPRINT, "imprint"),
    ):
        if not any(pattern.search(link) for link in links):
            sentence = f"No link of the page leads to your {what}."
            fix = f"Add a link to it at the foot of the page, and call it what it is: {what.capitalize()}."
            yield from _find(level, rule, sentence, fix, "<a>")


def _check_words(document: Document, content: Content) -> Iterator[Finding]:
    if content.forbidden is None or not content.forbidden_words:
        return
    choice = "|".join(r"\s+".join(map(re.escape, word.split())) for word in content.forbidden_words)
    pattern = re.compile(rf"(?<!\w)(?:{choice})(?!\w)", re.IGNORECASE)
    for text in document.texts:
        for match in pattern.finditer(document.decode(text)):
            yield from _refuse_word(content.forbidden, match[0], document.line(text.start), text.parent)
    description = find_description(document)
    for element in document.elements:
        for attribute in element.attributes:
            if attribute.name in _SHOWN or (element is description and attribute.name == "content"):
                for match in pattern.finditer(attribute.value):
                    yield from _refuse_word(content.forbidden, match[0], document.line(attribute.start), element)


def _refuse_word(level: Severity, word: str, line: int, element: Element | None) -> Iterator[Finding]:
    yield Finding(
        level,
        "content.forbidden",
        f"Line {line} says “{' '.join(word.split())}”, which your company does not want on its pages.",
        "Say it in other words.",
        line=line,
        element=f"<{element.name}>" if element is not None else "",
    )


def _find(level: Level, rule: str, sentence: str, fix: str, at: Element | str) -> Iterator[Finding]:
    """The finding, unless nobody looks at this rule. `at` is the tag alone where there is no such element."""
    if level is not None:
        line, tag = (None, at) if isinstance(at, str) else (at.line, f"<{at.name}>")
        yield Finding(level, f"content.{rule}", sentence, fix, line=line, element=tag)


def _text(document: Document, element: Element) -> str:
    return show_defaults(document.text(element)).strip("\u200b\ufeff")


def _speaks(element: Element) -> bool:
    """Whether something inside a link says by itself what it is."""
    return bool((element.get("alt") or "").strip()) or _is_named(element)


def _is_named(element: Element) -> bool:
    return any((element.get(name) or "").strip() for name in (*_NAMES, "aria-labelledby"))


def _is_hidden(element: Element) -> bool:
    """Whether a screen reader passes it over."""
    return any((item.get("aria-hidden") or "").strip().lower() == "true" for item in (element, *element.ancestors()))
