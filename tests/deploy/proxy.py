"""The nginx of `deploy/` on loopback: the same files, with other ports, names, folders and certificate written in."""

import http.client
import os
import shutil
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.live import free_port
from tests.patience import PATIENCE_S, wait_until

DEPLOY = Path(__file__).parents[2] / "deploy"
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
MORE_HEADERS = Path("/etc/nginx/modules-enabled/50-mod-http-headers-more-filter.conf")
needs_nginx = pytest.mark.skipif(
    NGINX is None or not MORE_HEADERS.exists(),
    reason="needs nginx (Debian's nginx-light and libnginx-mod-http-headers-more-filter)",
)


@dataclass(frozen=True, slots=True)
class Proxy:
    """A running nginx."""

    folder: Path
    plain_port: int
    tls_port: int

    def request(
        self,
        method: str,
        host: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        source: str = "127.0.0.1",
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """One request over TLS from one of this machine's loopback addresses."""
        connection = Visit(self, host, source=source)
        try:
            connection.request(method, path, body, {"Host": host, **(headers or {})})
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    def connect(self, name: str, *, source: str = "127.0.0.1") -> ssl.SSLSocket:
        """A connection whose handshake names this host."""
        plain = socket.create_connection(("127.0.0.1", self.tls_port), timeout=PATIENCE_S, source_address=(source, 0))
        return _TRUSTING.wrap_socket(plain, server_hostname=name)

    def logged(self) -> str:
        """Everything that it wrote down."""
        return "".join(path.read_text() for path in sorted((self.folder / "log").iterdir()))


class Visit(http.client.HTTPSConnection):
    """A browser's connection to one of the hosts, from one of this machine's loopback addresses."""

    def __init__(self, nginx: Proxy, host: str, *, source: str) -> None:
        super().__init__(host, timeout=PATIENCE_S, context=_TRUSTING)
        self._nginx = nginx
        self._source = source

    def connect(self) -> None:
        self.sock = self._nginx.connect(self.host, source=self._source)


@contextmanager
def nginx_before(folder: Path, upstream: str, *, hosts: Mapping[str, str]) -> Iterator[Proxy]:
    """nginx for `upstream` (`127.0.0.1:8000`, `unix:/path`); `hosts` maps the names of deploy/ to those to use."""
    plain_port, tls_port = free_port(), free_port()
    config = write_config(folder, upstream, hosts=hosts, plain_port=plain_port, tls_port=tls_port)
    process = subprocess.Popen([str(NGINX), "-c", str(config), "-g", "daemon off;"])
    try:
        wait_until(lambda: _listens(tls_port), "nginx does not listen")
        yield Proxy(folder, plain_port, tls_port)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=PATIENCE_S)


def write_config(
    folder: Path, upstream: str, *, hosts: Mapping[str, str], plain_port: int = 80, tls_port: int = 443
) -> Path:
    """deploy/ as it stands, for this folder, these ports and names; the path of the main file."""
    for name in ("log", "cache", "tmp", "lander"):
        (folder / name).mkdir(parents=True)
    _write_certificate(folder, list(hosts.values()))
    own = "root" if os.geteuid() == 0 else "nobody"
    words = {
        "user www-data;": f"user {own};",
        "worker_processes auto;": "worker_processes 2;",
        "/run/nginx.pid": f"{folder}/nginx.pid",
        "/var/log/nginx/": f"{folder}/log/",
        "/var/cache/nginx/lander": f"{folder}/cache",
        "/etc/lander/tls/": f"{folder}/",
        "include lander/": f"include {folder}/lander/",
        "unix:/run/lander/web.sock": upstream,
        "listen 80": f"listen 127.0.0.1:{plain_port}",
        "listen 443": f"listen 127.0.0.1:{tls_port}",
        "http {": "http {\n" + "".join(f"    {kind}_temp_path {folder}/tmp/{kind};\n" for kind in _TEMPORARY),
        **hosts,
    }
    sources = {DEPLOY / "nginx.conf": folder / "nginx.conf"}
    sources.update({path: folder / "lander" / path.name for path in (DEPLOY / "nginx").iterdir()})
    for source, target in sources.items():
        text = source.read_text(encoding="utf-8")
        for old, new in words.items():
            text = text.replace(old, new)
        target.write_text(text, encoding="utf-8")
    return folder / "nginx.conf"


_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
_TRUSTING = ssl.create_default_context()
_TRUSTING.check_hostname = False
_TRUSTING.verify_mode = ssl.CERT_NONE


def _write_certificate(folder: Path, names: list[str]) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
