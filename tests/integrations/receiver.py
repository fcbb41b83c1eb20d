"""A receiver of webhooks on loopback, over TLS under a name of its own, that answers whatever a test tells it to."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lander.integrations.exchange import Network
from tests.patience import PATIENCE_S

PUBLIC = "93.184.215.14"
HOST = "hooks.example.com"
Answer = Callable[[socket.socket], None]


@dataclass(frozen=True)
class Certificates:
    """A certificate for `HOST`, and the authority that signed it."""

    authority: Path
    chain: Path

    @classmethod
    def make(cls, folder: Path, host: str = HOST) -> "Certificates":
        now = datetime.now(UTC)
        authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])

        def sign(name: x509.Name, public: ec.EllipticCurvePublicKey, *, is_authority: bool) -> x509.Certificate:
            builder = (
                x509.CertificateBuilder()
                .subject_name(name)
                .issuer_name(issuer)
                .public_key(public)
                .serial_number(x509.random_serial_number())
                .not_valid_before(now - timedelta(days=1))
                .not_valid_after(now + timedelta(days=1))
                .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            )
            if not is_authority:
                builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            return builder.sign(authority_key, hashes.SHA256())

        own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        authority, chain = folder / "authority.pem", folder / "chain.pem"
        pem = serialization.Encoding.PEM
        authority.write_bytes(sign(issuer, authority_key.public_key(), is_authority=True).public_bytes(pem))
        secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        chain.write_bytes(secret + sign(own, key.public_key(), is_authority=False).public_bytes(pem))
        return cls(authority, chain)

    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain)
        return context

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.authority))


@dataclass(frozen=True)
class Received:
    """A request as it came in."""

    line: str
    headers: Mapping[str, str]
    body: bytes
    name: str  # asked for in the TLS handshake


def status(code: int, *more: str, body: bytes = b"") -> Answer:
    """A short and honest answer."""
    head = "\r\n".join([f"HTTP/1.1 {code} Word", f"Content-Length: {len(body)}", *more, "", ""])
    return lambda sock: sock.sendall(head.encode() + body)


@dataclass
class Receiver:
    """Takes requests; the answers are used up in order, and the last one stays. Without certificates over plain http."""

    certificates: Certificates | None
    answers: list[Answer] = field(default_factory=lambda: [status(200)])
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    def network(self, *addresses: str) -> Network:
        """The way out to this receiver, as if it were on the public internet."""
        assert self.certificates is not None
        found = list(addresses or [PUBLIC])

        def resolve(host: str, _patience_s: float) -> list[str]:
            return found

        def connect(address: tuple[str, int], timeout_s: float) -> socket.socket:
            assert address[0] in found
            assert address[1] == 443
            return socket.create_connection(("127.0.0.1", self.port), timeout_s)

        return Network(resolve=resolve, connect=connect, trust=self.certificates.trust)

    def take(self, plain: socket.socket) -> None:
        names: list[str] = []
        with suppress(OSError), self._secure(plain, names) as sock:
            data = b""
            while b"\r\n\r\n" not in data:
                if not (part := sock.recv(65_536)):
                    return
                data += part
            head, _, body = data.partition(b"\r\n\r\n")
            line, *lines = head.decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (one.partition(": ") for one in lines)}
            while len(body) < int(headers.get("content-length", 0)):
                body += sock.recv(65_536)
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            self.received.append(Received(line, headers, body, "".join(names)))
            answer(sock)

    def _secure(self, plain: socket.socket, names: list[str]) -> socket.socket:
        if self.certificates is None:
            return plain
        context = self.certificates.server()
        context.sni_callback = lambda _socket, name, _context: names.append(name or "")
        return context.wrap_socket(plain, server_side=True)


@contextmanager
def receiving(certificates: Certificates | None = None) -> Iterator[Receiver]:
    """A receiver that listens until the block ends."""
    receiver = Receiver(certificates)
    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        receiver.port = listener.getsockname()[1]
        listener.settimeout(0.05)
        stop = threading.Event()

        def listen() -> None:
            while not stop.is_set():
                with suppress(TimeoutError):
                    plain, _ = listener.accept()
                    receiver.connections += 1
                    thread = threading.Thread(target=receiver.take, args=(plain,))
                    thread.start()
                    threads.append(thread)

        listening = threading.Thread(target=listen)
        listening.start()
        try:
            yield receiver
        finally:
            stop.set()
            for thread in [listening, *threads]:
                thread.join(timeout=PATIENCE_S)


def never(sock: socket.socket) -> None:
    """Says nothing until the other side hangs up."""
    sock.settimeout(15)
    sock.recv(1)


def drip(sock: socket.socket) -> None:
    """One byte every 100 ms of a header that never ends."""
    for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 200:
        sock.sendall(bytes([byte]))
        time.sleep(0.1)


def endless_header(sock: socket.socket) -> None:
    """Lines of a header without an end."""
    sock.sendall(b"HTTP/1.1 200 OK\r\n")
    for _ in range(90):
        sock.sendall(b"X-Long: " + b"x" * 60_000 + b"\r\n")


def garbage(sock: socket.socket) -> None:
    """Something that is not HTTP."""
    sock.sendall(b"220 mail.example.com ESMTP\r\n\r\n")


def hang_up(sock: socket.socket) -> None:
    """No answer at all."""


def seconds(function: Callable[[], Any]) -> tuple[Any, float]:
    """What it returned, and how long it took."""
    began = time.monotonic()
    return function(), time.monotonic() - began
