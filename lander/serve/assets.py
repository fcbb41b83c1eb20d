"""Files of published pages under `/_l/a/<sha256>.<extension>`: named by their content, so cached for ever."""

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, Final

from lander.artifact import ASSET_PREFIX, asset_path, download_name, media_type
from lander.headers import asset_headers
from lander.serve import own_pages
from lander.serve.respond import OK, Answers, Header, Response

_NAME: Final = re.compile(r"[0-9a-f]{64}\.[a-z0-9]{1,16}")
_RANGE: Final = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
_BLOCK_BYTES: Final = 64 * 1024
_ENCODINGS: Final = (("br", ".br"), ("gzip", ".gz"))


class Assets:
    """Serves the files that publishing put on this node's disk."""

    def __init__(self, published_dir: Path, scheme: str, answers: Answers) -> None:
        self._dir = published_dir
        self._scheme = scheme
        self._answers = answers

    def serve(self, environ: dict[str, Any]) -> Response:
        """Answer a GET or HEAD below `/_l/a/`."""
        name = environ["PATH_INFO"].removeprefix(ASSET_PREFIX)
        path = asset_path(self._dir, name) if _NAME.fullmatch(name) else None
        if path is None or not path.is_file():
            return self._answers.page(404, own_pages.not_found())
        encoding, path = ("", path) if "HTTP_RANGE" in environ else _choose_encoding(environ, path)
        tag = f'"{name[:32]}{f"-{encoding}" if encoding else ""}"'
        download_as = download_name(name, environ.get("QUERY_STRING", ""))
        common = asset_headers(media_type(name), scheme=self._scheme, download_as=download_as)
        headers = [*common, ("ETag", tag), ("Vary", "Accept-Encoding")]
        if _is_known(environ.get("HTTP_IF_NONE_MATCH", ""), tag):
            return Response("304 Not Modified", headers, [])
        headers.append(("Accept-Ranges", "bytes"))
        if encoding:
            headers.append(("Content-Encoding", encoding))
        size = path.stat().st_size
        span = _find_span(environ, tag, size) if environ["REQUEST_METHOD"] == "GET" else None
        if span is not None:
            return _send_part(path, headers, span, size)
        headers.append(("Content-Length", str(size)))
        if environ["REQUEST_METHOD"] == "HEAD":
            return Response(OK, headers, [])
        file = path.open("rb")
        wrap = environ.get("wsgi.file_wrapper")
        return Response(OK, headers, wrap(file, _BLOCK_BYTES) if wrap else _read(file, size))


def _choose_encoding(environ: dict[str, Any], path: Path) -> tuple[str, Path]:
    """The smallest form that the browser takes and publishing made."""
    accepted = _read_encodings(environ.get("HTTP_ACCEPT_ENCODING", "")[:256])
    for encoding, suffix in _ENCODINGS:
        packed = path.with_name(path.name + suffix)
        if encoding in accepted and packed.is_file():
            return encoding, packed
    return "", path


@lru_cache(maxsize=256)
def _read_encodings(header: str) -> frozenset[str]:
    """The encodings that a browser takes (`gzip, br;q=0.9`); those of quality 0 are refused."""
    accepted = set()
    for part in header.lower().split(","):
        name, _, quality = part.partition(";")
        if quality.replace(" ", "").rstrip("0.") != "q=":
            accepted.add(name.strip())
    return frozenset(accepted)


def _is_known(header: str, tag: str) -> bool:
    return header.strip() == "*" or tag in (part.strip().removeprefix("W/") for part in header.split(","))


def _find_span(environ: dict[str, Any], tag: str, size: int) -> tuple[int, int] | None:
    """First byte and one past the last of a single range, empty where it lies outside; None for the whole file."""
    asked = _RANGE.fullmatch(environ.get("HTTP_RANGE", "").strip())
    if asked is None or environ.get("HTTP_IF_RANGE", tag) != tag or asked[0] == "bytes=-":
        return None
    first, last = asked.groups()
    if not first:
        return max(0, size - int(last)), size
    if int(first) >= size or (last and int(last) < int(first)):
        return 0, 0
    return int(first), min(int(last) + 1, size) if last else size


def _send_part(path: Path, headers: list[Header], span: tuple[int, int], size: int) -> Response:
    start, end = span
    if start >= end:
        headers += [("Content-Range", f"bytes */{size}"), ("Content-Length", "0")]
        return Response("416 Range Not Satisfiable", headers, [])
    headers += [("Content-Range", f"bytes {start}-{end - 1}/{size}"), ("Content-Length", str(end - start))]
    file = path.open("rb")
    file.seek(start)
    return Response("206 Partial Content", headers, _read(file, end - start))


def _read(file: BinaryIO, length: int) -> Iterator[bytes]:
    with file:
        while length > 0 and (block := file.read(min(_BLOCK_BYTES, length))):
            length -= len(block)
            yield block
