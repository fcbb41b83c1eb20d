"""Reads what is posted, with a bound; nothing is kept on disk, and files are not taken."""

import io
from typing import Any, Final
from urllib.parse import parse_qsl

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from lander.errors import LanderError

MOST_FIELDS: Final = 200
_LONGEST_NUMBER: Final = 12
_URLENCODED: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"

Fields = dict[str, list[str]]


class UnreadableBody(LanderError):
    """What was posted cannot be read; `status` says why."""

    code = "unreadable-body"

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def read_body(environ: dict[str, Any], limit: int) -> bytes:
    """At most `limit` bytes; raises `UnreadableBody`, with 413 for more."""
    length = environ.get("CONTENT_LENGTH") or ""
    if not length:
        # only a server that ends the stream itself (a chunked body) may be read to the end
        body = _read(environ, limit + 1) if environ.get("wsgi.input_terminated") else b""
        if len(body) > limit:
            raise _too_large(limit)
        return body
    if not (length.isascii() and length.isdigit()):
        raise UnreadableBody("The length of what was sent is not a number.")
    if len(length) > _LONGEST_NUMBER or int(length) > limit:
        raise _too_large(limit)
    body = _read(environ, int(length))
    if len(body) < int(length):
        raise UnreadableBody("What was sent broke off on the way.")
    return body


def _read(environ: dict[str, Any], count: int) -> bytes:
    try:
        body: bytes = environ["wsgi.input"].read(count)
    except OSError as error:  # chunks that are none, or a connection that was lost
        raise UnreadableBody("What was sent came damaged, or broke off on the way.") from error
    return body


def read_form(environ: dict[str, Any], limit: int) -> Fields:
    """The fields of a form, several values of one name in order; raises `UnreadableBody`."""
    body = read_body(environ, limit)
    kind, options = parse_options_header(environ.get("CONTENT_TYPE", ""))
    if kind == _URLENCODED:
        return read_urlencoded(body)
    if kind == _MULTIPART:
        return _read_multipart(body, options)
    raise UnreadableBody("Forms are sent as an HTML form sends them.", status=415)


def read_urlencoded(body: bytes) -> Fields:
    """`a=1&b=2`; raises `UnreadableBody` where there are too many fields."""
    try:
        pairs = parse_qsl(
            body.decode("utf-8", "replace"), keep_blank_values=True, errors="replace", max_num_fields=MOST_FIELDS
        )
    except ValueError as error:
        raise UnreadableBody(f"This form has more than {MOST_FIELDS} fields.", status=413) from error
    fields: Fields = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return fields


def _read_multipart(body: bytes, options: dict[str, str]) -> Fields:
    parser = FormDataParser(max_form_memory_size=len(body), max_form_parts=MOST_FIELDS, silent=False)
    try:
        _, form, files = parser.parse(io.BytesIO(body), _MULTIPART, len(body), options)
    except RequestEntityTooLarge as error:
        raise UnreadableBody(f"This form has more than {MOST_FIELDS} fields.", status=413) from error
    except (ValueError, KeyError) as error:
        raise UnreadableBody("The form came damaged.") from error
    for _, file in files.items(multi=True):
        file.close()
    # a part without a name is no field
    return {name: values for name, values in form.lists() if name}


def _too_large(limit: int) -> UnreadableBody:
    return UnreadableBody(f"This is more than {limit // 1024} KiB.", status=413)
