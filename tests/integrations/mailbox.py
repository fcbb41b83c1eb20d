"""A mail server on loopback: takes what it is sent, or refuses it where a test says so."""

import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP


@dataclass
class Mailbox:
    """What came in. `replies` replaces the reply to a command: {"RCPT": "550 no such user"}."""

    replies: dict[str, str] = field(default_factory=dict)
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, str]] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    tls: ssl.SSLContext | None = None
    port: int = 0

    def keep(self, content: bytes) -> None:
        mail = message_from_bytes(content, policy=SMTP)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)


class _Conversation(socketserver.StreamRequestHandler):
    box: Mailbox

    def handle(self) -> None:
        sender = recipient = ""
        self.say("220 mailbox")
        while line := self.rfile.readline():
            command = line.decode().strip()
            self.box.commands.append(command)
            verb = command.split(" ")[0].split(":")[0].upper()
            if verb in self.box.replies:
                self.say(self.box.replies[verb])
                continue
            match verb:
                case "EHLO":
                    for word in ("mailbox", *(["STARTTLS"] if self.box.tls else []), "AUTH PLAIN"):
                        self.say(f"250-{word}")
                    self.say("250 8BITMIME")
                case "STARTTLS":
                    self.say("220 go ahead")
                    self.secure()
                case "AUTH":
                    self.say("235 welcome")
                case "MAIL":
                    sender = command.partition("<")[2].partition(">")[0]
                    self.say("250 ok")
                case "RCPT":
                    recipient = command.partition("<")[2].partition(">")[0]
                    self.say("250 ok")
                case "DATA":
                    self.say("354 go on")
                    lines = iter(self.rfile.readline, b".\r\n")
                    content = b"".join(line[1:] if line.startswith(b"..") else line for line in lines)
                    if reply := self.box.replies.get("CONTENT"):
                        self.say(reply)
                        continue
                    self.box.keep(content)
                    self.box.envelopes.append((sender, recipient))
                    self.say("250 taken")
                case "QUIT":
                    self.say("221 bye")
                    return
                case _:
                    self.say("250 ok")

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def secure(self) -> None:
        assert self.box.tls is not None
        self.request = self.box.tls.wrap_socket(self.request, server_side=True)
        self.rfile = self.request.makefile("rb", -1)
        self.wfile = self.request.makefile("wb", 0)


@contextmanager
def mailbox(*, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None) -> Iterator[Mailbox]:
    """A mailbox that listens until the block ends."""
    box = Mailbox(tls=starttls)

    class Conversation(_Conversation):
        def setup(self) -> None:
            if tls is not None:
                self.request = tls.wrap_socket(self.request, server_side=True)
            super().setup()

        def finish(self) -> None:
            super().finish()
            self.request.close()

    Conversation.box = box

    class Server(socketserver.ThreadingTCPServer):
        block_on_close = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A conversation that broke off is what some tests are about."""

    with Server(("127.0.0.1", 0), Conversation) as server:
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
            thread.join()
