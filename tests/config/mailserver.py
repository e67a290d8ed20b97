"""A mail server on loopback that speaks as much SMTP as a client of ours needs, and refuses what it is told to."""

from __future__ import annotations

import socketserver
from collections.abc import Iterator
from contextlib import AbstractContextManager

from tests.background import serving


class MailServer(socketserver.ThreadingTCPServer):
    """`refuse` is the start of a line -> the answer to it, such as {"RCPT": "550 5.1.1 No such user"}."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, refuse: dict[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), Talk)
        self.refuse = refuse
        self.lines: list[str] = []
        self.mails: list[str] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Talk(socketserver.StreamRequestHandler):
    server: MailServer

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def handle(self) -> None:
        self.say("220 mail.example.org ESMTP")
        while line := self.rfile.readline().decode().strip():
            self.server.lines.append(line)
            word = line.upper().split()[0]
            if word in self.server.refuse:
                self.say(self.server.refuse[word])
            elif word == "QUIT":
                self.say("221 2.0.0 Bye")
                return
            elif word == "DATA":
                self.say("354 Go ahead")
                self.server.mails.append("".join(self.body()))
                self.say(self.server.refuse.get(".", "250 2.0.0 Ok: queued as 4F2A1"))
            else:
                self.say("250 2.1.0 Ok")

    def body(self) -> Iterator[str]:
        while (line := self.rfile.readline().decode()) not in (".\r\n", ""):
            yield line


def mail_server(**refuse: str) -> AbstractContextManager[MailServer]:
    return serving(MailServer(refuse))
