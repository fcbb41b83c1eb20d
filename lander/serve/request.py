"""A request for anything but a page, with what every answer may need."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lander.edge import Edge
from lander.serve.catalog import Routes


@dataclass(frozen=True, slots=True)
class Request:
    """One request to a pages host."""

    environ: dict[str, Any]
    host: str
    routes: Routes
    edge: Edge

    @property
    def path(self) -> str:
        return str(self.environ.get("PATH_INFO", ""))

    @property
    def query(self) -> str:
        """Raw, as it came: it survives every redirect."""
        return str(self.environ.get("QUERY_STRING", ""))

    @property
    def method(self) -> str:
        """HEAD is asked like GET; its body is left out at the very end."""
        method = str(self.environ["REQUEST_METHOD"])
        return "GET" if method == "HEAD" else method


@lru_cache(maxsize=1024)
def host_of(header: str) -> str:
    """The host name of a Host header: lower case, without port and final dot.

    >>> host_of("Go.Example.com:8000")
    'go.example.com'
    """
    name, colon, port = header[:512].lower().rpartition(":")
    return (name if colon and port.isdigit() else header[:512].lower()).removesuffix(".")
