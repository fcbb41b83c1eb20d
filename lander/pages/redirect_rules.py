"""What may stand in the table of redirects: old addresses, targets and statuses as people write them, checked and
brought into one form.

Pure, for the form, the CSV file and the command line alike. Nothing is left for the visitor to choose: a target is a path
of the site or an https address, fixed when it is saved.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from lander.errors import InvalidInput

LONGEST_PATH: Final = 512
LONGEST_TARGET: Final = 2_000
LONGEST_NOTE: Final = 200
STATUSES: Final = (301, 302, 410)
PERMANENT: Final = 301
_OWN: Final = frozenset(["_l", "robots.txt", "favicon.ico", "sitemap.xml", "healthz", "readyz"])
_NOT_TEXT: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffd]")
_HOST: Final = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_ADDRESS: Final = "!#$%&'()*+,-./:;=?@[]_~"  # what may stand in an address as it is
_UNCLEAR: Final = re.compile(r"[%?#\s\\]")  # what a path as text must not show bare, or it would be read another way


@dataclass(frozen=True, slots=True)
class Rule:
    """One redirect in its one form: `path` is text, `target` is ready for a header."""

    path: str
    target: str  # empty where the status is 410
    status: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one cell of a redirect."""

    field: str  # from, to, status or note
    value: str
    sentence: str
    fix: str


class InvalidRedirect(InvalidInput):
    """A redirect as written cannot be kept. `problems` holds all that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        rest = problems[1:]
        super().__init__(problems[0].sentence, fix=" ".join([problems[0].fix, *(item.sentence for item in rest)]))


def read_rule(host: str, *, path: str, target: str, status: str = "", note: str = "") -> Rule:
    """A redirect of the site `host` as somebody wrote it; raises `InvalidRedirect` with everything that is wrong."""
    problems: list[Problem] = []

    def attempt(field: str, value: str, read: Callable[[str], str]) -> str:
        try:
            return read(value)
        except InvalidInput as error:
            problems.append(Problem(field, value, error.message, error.fix))
            return ""

    code = attempt("status", status, _read_status)
    old = attempt("from", path, lambda value: read_path(value, host))
    new = ""
    if code != "410":
        new = attempt("to", target, lambda value: read_target(value, host))
    elif target.strip():
        problems.append(
            Problem(
                "to", target, "An address that is gone (410) leads nowhere.", "Leave the target empty, or choose 301."
            )
        )
    kept = attempt("note", note, _read_note)
    if problems:
        raise InvalidRedirect(problems)
    return Rule(old, new, int(code), kept)


def read_path(written: str, host: str) -> str:
    """An old address as text: `/old`, or an absolute address of this host; percent signs are read."""
    text = written.strip()
    if not text:
        raise InvalidInput("There is no old address.", fix="Write a path like /old-page.")
    if _SCHEME.match(text) or text.startswith("//"):
        text = _cut_own(text, host)
    if not text.startswith("/"):
        raise InvalidInput(f"'{_show(text)}' is not a path.", fix=f"Write it with a slash in front: /{_show(text)}.")
    for mark, what in (("?", "a query"), ("#", "a fragment")):
        if mark in text:
            bare = text.partition(mark)[0]
            raise InvalidInput(
                f"'{_show(text)}' has {what}; a redirect is found by its path alone.",
                fix=f"Write {_show(bare)}: what follows it is passed on to the target.",
            )
    path = _decode(text)
    if len(path) > LONGEST_PATH:
        raise InvalidInput(f"The old address has {len(path)} characters.", fix=f"At most {LONGEST_PATH} are kept.")
    if "\\" in path or path.startswith("//") or any(part in (".", "..") for part in path.split("/")):
        raise InvalidInput(
            f"No browser asks for '{_show(path)}' as it is written.",
            fix="Copy the address from a browser's address bar.",
        )
    if path.rstrip("/") == "":
        raise InvalidInput(
            "The address '/' leads to the core site already.", fix="Only addresses below it can be redirected."
        )
    if is_own(path):
        raise InvalidInput(f"'{_show(path)}' is one of Lander's own addresses.", fix="It cannot be redirected.")
    return path


def read_target(written: str, host: str) -> str:
    """A target ready for a header: a path of this site, or an https address elsewhere."""
    text = written.strip()
    if not text:
        raise InvalidInput(
            "There is no target.", fix="Write where visitors go, like /spring-sale, or choose 410 if it is gone."
        )
    if _NOT_TEXT.search(text) or "\\" in text:
        raise InvalidInput(f"'{_show(text)}' holds characters that no address has.", fix="Type it again.")
    if len(text) > LONGEST_TARGET:
        raise InvalidInput(f"The target has {len(text)} characters.", fix=f"At most {LONGEST_TARGET} are kept.")
    if text.startswith("/") and not text.startswith("//"):
        return quote(text, safe=_ADDRESS)
    if not _SCHEME.match(text) and not text.startswith("//"):
        raise InvalidInput(
            f"'{_show(text)}' is neither a path of {host} nor an https address.",
            fix=f"Write /{_show(text)} or https://{_show(text)}.",
        )
    scheme, target_host, rest = _split(text)
    if target_host == host and rest.startswith("//"):  # as a path, this would name another host
        raise InvalidInput(f"'{_show(text)}' is not an address.", fix="Copy it from a browser's address bar.")
    if target_host == host:
        return quote(rest or "/", safe=_ADDRESS)
    if scheme != "https":
        raise InvalidInput(
            f"'{_show(text)}' is not an https address.", fix="Lead visitors to https, or to a path of this site."
        )
    return f"https://{target_host}{quote(rest, safe=_ADDRESS)}"


def path_of(target: str) -> str | None:
    """The path, as text, that a target has on this site; None where it leads elsewhere or nowhere."""
    if not target.startswith("/"):
        return None
    return unquote(target.partition("#")[0].partition("?")[0])


def is_own(path: str) -> bool:
    """Whether the address is one that Lander itself answers."""
    return path.rstrip("/") == "" or path.split("/")[1].lower() in _OWN


def host_of(target: str) -> str:
    """The other host that a target leads to; empty where it is a path of this site."""
    return urlsplit(target).hostname or "" if target.startswith("https://") else ""


def write_path(path: str) -> str:
    """A path as `read_path` reads it back: as text, with what would be read another way in percent signs.

    >>> write_path("/über uns/100%")
    '/über%20uns/100%25'
    """
    return _UNCLEAR.sub(lambda match: quote(match[0], safe=""), path)


def _read_status(written: str) -> str:
    text = written.strip() or str(PERMANENT)
    if text not in map(str, STATUSES):
        raise InvalidInput(
            f"'{_show(text)}' is no status of a redirect.",
            fix="Write 301 (for good), 302 (for now) or 410 (gone); empty means 301.",
        )
    return text


def _read_note(written: str) -> str:
    text = " ".join(_NOT_TEXT.sub(" ", written).split())
    if len(text) > LONGEST_NOTE:
        raise InvalidInput(f"The note has {len(text)} characters.", fix=f"At most {LONGEST_NOTE} are kept.")
    return text


def _cut_own(text: str, host: str) -> str:
    scheme, own, rest = _split(text)
    if scheme not in ("http", "https") or own != host:
        raise InvalidInput(
            f"'{_show(text)}' is not an address of {host}.",
            fix=f"Only addresses of {host} can be redirected from here.",
        )
    return rest or "/"


def _split(text: str) -> tuple[str, str, str]:
    """Scheme, host (with its port where it is not the usual one) and the rest of an absolute address."""
    try:
        parts = urlsplit(text if _SCHEME.match(text) else f"https:{text}")
        port = parts.port
        name = (parts.hostname or "").removesuffix(".").encode("idna").decode("ascii")
    except (ValueError, UnicodeError):
        raise InvalidInput(f"'{_show(text)}' is not an address.", fix="Copy it from a browser's address bar.") from None
    if parts.username is not None or not _HOST.fullmatch(name):
        raise InvalidInput(
            f"'{_show(text)}' names no host that can be led to.", fix="Write it like https://www.example.com/page."
        )
    host = name if port in (None, 80, 443) else f"{name}:{port}"
    _, _, rest = text.partition("//")
    cut = next((place for place, letter in enumerate(rest) if letter in "/?#"), len(rest))
    return parts.scheme, host, rest[cut:] if rest[cut : cut + 1] in ("", "/") else f"/{rest[cut:]}"


def _decode(text: str) -> str:
    try:
        path = unquote(text, errors="strict")
    except UnicodeDecodeError:
        path = "\ufffd"
    if _NOT_TEXT.search(path):
        raise InvalidInput(f"'{_show(text)}' holds characters that no address has.", fix="Type it again.")
    return path


def _show(text: str) -> str:
    return _NOT_TEXT.sub("\N{REPLACEMENT CHARACTER}", text if len(text) <= 80 else f"{text[:79]}…")
