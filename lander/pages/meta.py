"""What search engines and social networks are told of a page beside its text: canonical address, languages, JSON-LD, cards.

Set page by page in the studio and put into the head when publishing; what an imported file says of it stays until then,
and is replaced only where something was set. Title and description are part of the HTML, and are not touched here.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session

from lander.access import audit
from lander.artifact import ASSET_PREFIX, extension
from lander.document import Document, Element, escape_attribute
from lander.errors import InvalidInput
from lander.pages.assets import prepare_file, store_files
from lander.pages.models import Asset, Page
from lander.pages.pages import address_of
from lander.policy.policy import Policy

LONGEST_ADDRESS: Final = 2_000
LONGEST_TITLE: Final = 100
LONGEST_TEXT: Final = 300
LONGEST_JSON: Final = 20_000
MOST_LANGUAGES: Final = 50
IMAGE_TYPES: Final = ("png", "jpg", "gif", "webp")
"""What social networks show."""
_LANGUAGE: Final = re.compile(r"x-default|[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")
_ADDRESS: Final = re.compile(r"(https://[A-Za-z0-9.-]+(:[0-9]+)?)?(/[^\s\"'<>\\^`{|}]*)?")
_NOT_TEXT: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff]")
_IN_SCRIPT: Final = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_JSON_LD: Final = "application/ld+json"


@dataclass(frozen=True, slots=True)
class Social:
    """What a link to the page looks like where it is shared. `image` is the name of an asset."""

    title: str = ""
    description: str = ""
    image: str = ""
    image_alt: str = ""

    def __bool__(self) -> bool:
        return any((self.title, self.description, self.image, self.image_alt))


@dataclass(frozen=True, slots=True)
class Meta:
    """Everything that was set. Addresses are paths of the page's own host, or https addresses."""

    canonical: str = ""
    hreflang: tuple[tuple[str, str], ...] = ()
    json_ld: Mapping[str, Any] = field(default_factory=dict)
    social: Social = field(default_factory=Social)


@dataclass(frozen=True, slots=True)
class Imported:
    """A tag of the page's own HTML that speaks of the same."""

    kind: str  # canonical, hreflang, json_ld or social
    name: str  # as a person knows it: og:title
    value: str
    element: Element


@dataclass(frozen=True, slots=True)
class Tags:
    """What publishing makes of it: tags that go, and the HTML that comes."""

    replaced: tuple[Imported, ...]
    added: str

    def sentences(self) -> list[str]:
        """Each imported tag that says something else, as a line of the report."""
        return [
            f"Line {item.element.line}: {item.name} said “{_shorten(item.value)}”; it says what you set under "
            "Search and social."
            for item in self.replaced
        ]


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with one field of the form."""

    field: str
    sentence: str
    fix: str


class InvalidMeta(InvalidInput):
    """What was typed cannot be kept. `mistakes` holds everything that is wrong with it."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        first = mistakes[0]
        super().__init__(first.sentence, fix=" ".join([first.fix, *(item.sentence for item in mistakes[1:])]))


def load_meta(page: Page) -> Meta:
    """What was set for a page."""
    stored = page.meta or {}
    return Meta(
        canonical=stored.get("canonical", ""),
        hreflang=tuple((language, address) for language, address in stored.get("hreflang", ())),
        json_ld=stored.get("json_ld", {}),
        social=Social(**stored.get("social", {})),
    )


def read_meta(
    *,
    canonical: str = "",
    hreflang: Iterable[tuple[str, str]] = (),
    json_ld: str = "",
    social: Social | None = None,
) -> Meta:
    """What somebody typed, in its one form; raises `InvalidMeta` with everything that is wrong."""
    reader = _Reader()
    meta = Meta(
        canonical=reader.address("canonical", canonical),
        hreflang=reader.languages(hreflang),
        json_ld=reader.json_object(json_ld),
        social=reader.social(social or Social()),
    )
    if reader.mistakes:
        raise InvalidMeta(reader.mistakes)
    return meta


def save_meta(session: Session, page: Page, meta: Meta, *, noindex: bool, actor: str, now: datetime) -> bool:
    """Keep it; visitors see it after the next publish. False where nothing was changed."""
    image = meta.social.image
    if image and (extension(image) not in IMAGE_TYPES or session.get(Asset, image) is None):
        raise InvalidMeta([_wrong_image(image)])
    after = _store(meta)
    if after == (page.meta or {}) and noindex == page.noindex:
        return False
    changed = sorted({*after, *(page.meta or {})}, key=list(_KEYS).index)
    audit.record(
        session,
        now=now,
        actor=actor,
        action="page.meta",
        subject=address_of(session, page),
        changed=[name for name in changed if after.get(name) != (page.meta or {}).get(name)],
        noindex=noindex,
    )
    page.meta, page.noindex = after, noindex
    session.add(page)
    session.flush()
    return True


def store_image(session: Session, filename: str, content: bytes, policy: Policy, *, now: datetime) -> str:
    """Make an asset of a picture for the social card; its name. Raises `InvalidMeta` where no network would show it."""
    try:
        prepared = prepare_file(filename, content, policy.uploads)
    except InvalidInput as error:
        raise InvalidMeta([Mistake("image", error.message, error.fix)]) from None
    if prepared.ext not in IMAGE_TYPES:
        raise InvalidMeta([_wrong_image(filename)])
    return store_files(session, [prepared], now=now).names[filename]


def show_json(value: Mapping[str, Any]) -> str:
    """JSON-LD as a person edits it; empty where there is none."""
    return json.dumps(value, ensure_ascii=False, indent=2) if value else ""


def plan_tags(document: Document, meta: Meta, *, origin: str, path: str) -> Tags:
    """The tags of a page at `path` of `origin`, and which of its own they take the place of."""
    imported = list_imported(document)
    replaced = []
    for item in imported:
        is_set = bool(getattr(meta, item.kind))
        if is_set and (item.kind != "json_ld" or _type_of(item.value) == meta.json_ld.get("@type")):
            replaced.append(item)
    return Tags(tuple(replaced), "".join(_write_tags(meta, origin, path)))


def list_imported(document: Document) -> list[Imported]:
    """What the page's own HTML says of the same, in source order."""
    found = []
    for element in document.named("link", "meta", "script"):
        if not element.foreign and (item := _read_tag(document, element)) is not None:
            found.append(item)
    return found


def absolute(address: str, origin: str) -> str:
    """The whole address: a path stands on the page's own host."""
    return f"{origin}{address}" if address.startswith("/") else address


def write_json_ld(value: Mapping[str, Any]) -> str:
    """JSON that cannot end the script it stands in."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return "".join(_IN_SCRIPT.get(character, character) for character in text)


_KEYS: Final = ("canonical", "hreflang", "json_ld", "social")


def _wrong_image(name: str) -> Mistake:
    return Mistake("image", f"Social networks show no picture like {name}.", "Upload a PNG or JPEG, 1200 × 630 pixels.")


def _store(meta: Meta) -> dict[str, Any]:
    social = {name: value for name in Social.__slots__ if (value := getattr(meta.social, name))}
    values = {
        "canonical": meta.canonical,
        "hreflang": [list(pair) for pair in meta.hreflang],
        "json_ld": dict(meta.json_ld),
        "social": social,
    }
    return {name: values[name] for name in _KEYS if values[name]}


class _Reader:
    """Reads what was typed and keeps what is wrong with it."""

    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []

    def address(self, field: str, typed: str) -> str:
        address = typed.strip()
        if not address:
            return ""
        fits = _ADDRESS.fullmatch(address) is not None and not address.startswith("//") and "#" not in address
        if not fits or len(address) > LONGEST_ADDRESS:
            self._refuse(
                field,
                f"'{_shorten(address)}' is no address that can be given here.",
                "Write a path of this host like /spring-sale, or an address like https://www.example.com/sale.",
            )
        return address

    def languages(self, typed: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        found: dict[str, str] = {}
        for language, address in typed:
            code = language.strip()
            if not code and not address.strip():
                continue
            if not _LANGUAGE.fullmatch(code):
                self._refuse("hreflang", f"'{_shorten(code)}' is no language.", "Write it like de, en-GB or x-default.")
            elif code in found:
                self._refuse("hreflang", f"The language {code} is there twice.", "Leave one of its addresses.")
            elif not address.strip():
                self._refuse("hreflang", f"The language {code} has no address.", "Write where the page in it is.")
            found[code] = self.address("hreflang", address)
        if len(found) > MOST_LANGUAGES:
            self._refuse("hreflang", f"There are {len(found)} languages.", f"At most {MOST_LANGUAGES} can be given.")
        return tuple(found.items())

    def json_object(self, typed: str) -> dict[str, Any]:
        if not typed.strip():
            return {}
        fix = 'Write one object, like {"@context": "https://schema.org", "@type": "Product", "name": "…"}.'
        if len(typed) > LONGEST_JSON:
            self._refuse("json_ld", f"It has {len(typed):,} characters.", f"At most {LONGEST_JSON:,} are kept.")
            return {}
        try:
            typed.encode()
            value = json.loads(typed, object_pairs_hook=_unique, parse_constant=_no_number)
        except json.JSONDecodeError as error:
            self._refuse("json_ld", f"Line {error.lineno}, character {error.colno}: {error.msg}.", fix)
        except (ValueError, RecursionError) as error:
            what = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
            self._refuse("json_ld", f"This is not JSON: {what}.", fix)
        else:
            if isinstance(value, dict) and _can_be_written(value):
                if "@context" in value and ("@type" in value or "@graph" in value):
                    return value
                self._refuse("json_ld", "The object does not say what it describes.", f'It needs "@type". {fix}')
            else:
                self._refuse("json_ld", "This is not one object that can be written down.", fix)
        return {}

    def social(self, typed: Social) -> Social:
        return Social(
            title=self._text("social_title", "title", typed.title, LONGEST_TITLE),
            description=self._text("social_description", "text", typed.description, LONGEST_TEXT),
            image=typed.image,
            image_alt=self._text("image_alt", "description of the picture", typed.image_alt, LONGEST_TEXT),
        )

    def _text(self, field: str, noun: str, typed: str, longest: int) -> str:
        text = " ".join(typed.split())
        if len(text) > longest:
            self._refuse(field, f"The {noun} has {len(text)} characters.", f"At most {longest} are shown.")
        elif _NOT_TEXT.search(text):
            self._refuse(field, f"The {noun} holds characters that are not text.", "Type it instead of pasting it.")
        elif "{{" in text:
            self._refuse(
                field,
                f"The {noun} asks for dynamic text.",
                "A card is the same for everybody: write it out.",
            )
        return text

    def _refuse(self, field: str, sentence: str, fix: str) -> None:
        self.mistakes.append(Mistake(field, sentence, fix))


def _read_tag(document: Document, element: Element) -> Imported | None:
    if element.name == "link":
        words = (element.get("rel") or "").lower().split()
        address = (element.get("href") or "").strip()
        if "canonical" in words:
            return Imported("canonical", "the canonical address", address, element)
        language = element.get("hreflang")
        if "alternate" in words and language is not None:
            return Imported("hreflang", f"hreflang {language.strip()}", address, element)
    elif element.name == "meta":
        name = (element.get("property") or element.get("name") or "").strip().lower()
        if name.startswith(("og:", "twitter:")):
            return Imported("social", name, (element.get("content") or "").strip(), element)
    elif (element.get("type") or "").strip().lower() == _JSON_LD:
        return Imported("json_ld", "JSON-LD", document.text(element).strip(), element)
    return None


def _write_tags(meta: Meta, origin: str, path: str) -> Iterator[str]:
    canonical = absolute(meta.canonical, origin)
    if canonical:
        yield _tag("link", rel="canonical", href=canonical)
    for language, address in meta.hreflang:
        yield _tag("link", rel="alternate", hreflang=language, href=absolute(address, origin))
    social = meta.social
    if social:
        image = f"{origin}{ASSET_PREFIX}{social.image}" if social.image else ""
        yield _tag("meta", property="og:type", content="website")
        yield _tag("meta", property="og:url", content=canonical or f"{origin}{path}")
        yield _tag("meta", name="twitter:card", content="summary_large_image" if image else "summary")
        for name, value in (("title", social.title), ("description", social.description), ("image", image)):
            if value:
                yield _tag("meta", property=f"og:{name}", content=value)
                yield _tag("meta", name=f"twitter:{name}", content=value)
        if image and social.image_alt:
            yield _tag("meta", property="og:image:alt", content=social.image_alt)
            yield _tag("meta", name="twitter:image:alt", content=social.image_alt)
    if meta.json_ld:
        yield f'<script type="{_JSON_LD}">{write_json_ld(meta.json_ld)}</script>'


def _tag(tag: str, **attributes: str) -> str:
    written = "".join(f' {name}="{escape_attribute(value)}"' for name, value in attributes.items())
    return f"<{tag}{written}>"


def _type_of(text: str) -> object:
    """What an imported JSON-LD describes; None where nobody can tell."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value.get("@type") if isinstance(value, dict) else None


def _can_be_written(value: object) -> bool:
    """Whether it can be sent: no lone surrogates, which JSON can spell and UTF-8 cannot."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return False
    return True


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"'{_shorten(next(name for name in names if names.count(name) > 1))}' is there twice")
    return found


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")


def _shorten(text: str) -> str:
    folded = " ".join(text.split())
    return folded if len(folded) <= 60 else f"{folded[:59]}…"
