"""Images from outside: raster images that open and are not too large, SVG without anything that acts or loads.

A clean file stays as it is, byte for byte. Of an SVG everything doubtful is taken out and said; what cannot be cleaned
is refused.
"""

import io
import re
import warnings
from typing import Final
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from PIL import Image, UnidentifiedImageError

from lander.errors import InvalidInput
from lander.pages.stylesheets import find_css_references

_FORMATS: Final = {"png": "PNG", "jpg": "JPEG", "gif": "GIF", "webp": "WEBP", "avif": "AVIF", "ico": "ICO"}
_XHTML: Final = "http://www.w3.org/1999/xhtml"
_ACTIVE: Final = frozenset(
    ["script", "foreignobject", "handler", "listener", "iframe", "frame", "embed", "object", "audio", "video", "link"]
)
_ANIMATIONS: Final = frozenset(["set", "animate", "animatetransform", "animatemotion", "animatecolor"])
_LINKS: Final = frozenset(["href", "src", "data", "action", "formaction", "from", "to", "values", "by"])
_SAFE_DATA: Final = re.compile(r"\s*data:image/(png|jpe?g|gif|webp|avif)[;,]", re.IGNORECASE)
_DEEPEST: Final = 200


def check_raster(path: str, ext: str, content: bytes, *, most_pixels: int) -> None:
    """Refuse what does not open as the image its name says, or has more pixels than IT allows. Decodes nothing large."""
    size = ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow only warns of large images; the limit here refuses them
            with Image.open(io.BytesIO(content), formats=[_FORMATS[ext]]) as image:
                width, height = image.size
                if width * height > most_pixels:
                    size = f"{width:,} × {height:,} pixels"
                else:
                    image.load()
    except Image.DecompressionBombError:
        size = "hundreds of millions of pixels"
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError):
        raise InvalidInput(
            f"'{path}' does not open as a picture.", fix="Export it again from the program that made it."
        ) from None
    if size:
        raise InvalidInput(
            f"'{path}' has {size}; at most {most_pixels / 1e6:.0f} million are allowed.",
            fix="Make it smaller; 2,000 pixels across are plenty for a page.",
        )


def clean_svg(path: str, content: bytes) -> tuple[bytes, list[str]]:
    """The SVG without scripts, handlers, foreign content and outside references, and a sentence on each thing removed.

    Raises `InvalidInput` for what is no well-formed SVG, or declares entities.
    """
    cleaner = _Cleaner(path)
    cleaner.read(content)
    return (cleaner.written(), cleaner.removed) if cleaner.removed else (content, [])


class _Cleaner:
    """One pass of expat that keeps what is harmless."""

    def __init__(self, path: str) -> None:
        self.removed: list[str] = []
        self._path = path
        self._output: list[str] = []
        self._open: list[str] = []
        self._skipping = 0
        self._style: list[str] | None = None
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.ProcessingInstructionHandler = self._instruction
        self._parser.EntityDeclHandler = self._entity

    def read(self, content: bytes) -> None:
        try:
            self._parser.Parse(content, True)
        except expat.ExpatError as error:
            reason = expat.errors.messages.get(error.code, "it is damaged")
            raise InvalidInput(
                f"'{self._path}' is not a well-formed SVG (line {error.lineno}: {reason}).",
                fix="Export it again as SVG.",
            ) from None
        except (ValueError, LookupError):  # of Python's codecs: it names an encoding that they cannot lend to expat
            raise InvalidInput(
                f"'{self._path}' is in an encoding that is not read here.", fix="Save it as UTF-8 and upload it again."
            ) from None

    def written(self) -> bytes:
        return "".join(self._output).encode()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = _local(name)
        if not self._open and local != "svg":
            raise InvalidInput(f"'{self._path}' is XML, but not an SVG.", fix="Export it again as SVG.")
        if len(self._open) + self._skipping >= _DEEPEST:
            raise InvalidInput(f"'{self._path}' is nested too deeply.", fix="Export it again as plain SVG.")
        if self._skipping:
            self._skipping += 1
            return
        if reason := self._reason_against(local, attributes):
            self._remove(f"<{name}> ({reason})")
            self._skipping = 1
            return
        kept = {key: value for key, value in attributes.items() if self._keeps(name, key, value)}
        self._open.append(name)
        self._output.append(f"<{name}{''.join(f' {key}={quoteattr(value)}' for key, value in kept.items())}>")
        if local == "style":
            self._style = []

    def _end(self, name: str) -> None:
        if self._skipping:
            self._skipping -= 1
            return
        if self._style is not None:
            css = "".join(self._style)
            self._style = None
            if _loads_something(css):
                self._remove("the content of <style> (it loads something from outside)")
            else:
                self._output.append(escape(css))
        self._open.pop()
        self._output.append(f"</{name}>")

    def _text(self, text: str) -> None:
        if self._skipping:
            return
        if self._style is not None:
            self._style.append(text)
        elif self._open:
            self._output.append(escape(text))

    def _instruction(self, target: str, _data: str) -> None:
        self._remove(f"<?{target}?> (it may load something)")

    def _entity(self, name: str, *_rest: object) -> None:
        raise InvalidInput(
            f"'{self._path}' declares the entity '{name}' in line {self._parser.CurrentLineNumber}.",
            fix="Export it again as plain SVG, without entities.",
        )

    def _reason_against(self, local: str, attributes: dict[str, str]) -> str:
        if self._style is not None:
            return "it stands inside <style>"  # where it could cut an @import in two for us, and not for a browser
        if local in _ACTIVE:
            return "it can act or embed"
        if any(key.startswith("xmlns") and value.strip() == _XHTML for key, value in attributes.items()):
            if not self._open:
                raise InvalidInput(
                    f"'{self._path}' mixes HTML into the SVG.", fix="Export it again as plain SVG, without HTML."
                )
            return "it is HTML"
        target = attributes.get("attributeName", "").lower()
        if local in _ANIMATIONS and (_local(target) == "href" or target.startswith("on")):
            return "it changes where something leads"
        return ""

    def _keeps(self, element: str, key: str, value: str) -> bool:
        local = _local(key)
        acts = local.startswith("on") or (local in _LINKS and "javascript:" in re.sub(r"\s", "", value).lower())
        leads_out = key == "xml:base" or (local == "href" and not _is_inside(value))
        if acts:
            reason = "a script"
        elif leads_out or (_may_be_css(local, value) and _loads_something(value)):
            reason = "an address outside the picture"
        else:
            return True
        self._remove(f"{key} of <{element}> ({reason})")
        return False

    def _remove(self, what: str) -> None:
        self.removed.append(f"{self._path}, line {self._parser.CurrentLineNumber}: {what} was taken out.")


def _local(name: str) -> str:
    return name.rpartition(":")[2].lower()


def _is_inside(address: str) -> bool:
    return address.strip().startswith("#") or _SAFE_DATA.match(address) is not None


def _may_be_css(local: str, value: str) -> bool:
    return local == "style" or "url(" in value.lower() or "\\" in value


def _loads_something(css: str) -> bool:
    return not all(_is_inside(item.address) for item in find_css_references(css))
