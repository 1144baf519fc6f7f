# SPDX-License-Identifier: Apache-2.0
"""A destination: an SMTP server that answers by the recipient's local part and keeps a ledger.

  ok...    accepted            grey...  451 the first time, then accepted
  gone...  550                 busy...  451 always
Arrivals are kept with the octets of the content as they were on the wire (dots un-stuffed).
STARTTLS is offered where `tls`, an ssl.SSLContext, is set, DSN (RFC 3461) where `has_dsn`; both may change
between connections."""
import hashlib
import socketserver
import ssl
import threading
import time


class Arrival:
    def __init__(self, rcpt, sender, content, at):
        self.rcpt = rcpt
        self.sender = sender
        self.content = content
        self.at = at
        self.replied = False  # our 250 to the final dot left for the socket
        self.tls = None  # "TLSv1.3", or None: in clear text
        self.mail_options = self.rcpt_options = ""  # what stood behind the paths

    def header(self, name):
        prefix = (name + ":").lower().encode()
        for line in self.content.split(b"\r\n\r\n", 1)[0].split(b"\r\n"):
            if line.lower().startswith(prefix):
                return line.split(b":", 1)[1].strip().decode()
        return None

    def body_sha256(self):
        """Of the mail without the trace field our relay puts in front (folded lines included)."""
        content = self.content
        if content.lower().startswith(b"received:"):
            end = content.index(b"\r\n") + 2
            while content[end:end + 1] in (b" ", b"\t"):
                end = content.index(b"\r\n", end) + 2
            content = content[end:]
        return hashlib.sha256(content).hexdigest()


class Destination(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 256
    has_dsn = False

    def __init__(self, address="127.0.0.1", port=0, tls=None):
        super().__init__((address, port), Session)
        self.tls = tls
        self.port = self.server_address[1]
        self.changed = threading.Condition()
        self.arrivals = []
        self.refusals = []  # (rcpt, reply)
        self.greylisted = set()
        self.connections = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def host_port(self):
        return f"{self.server_address[0]}:{self.port}"

    def answer_rcpt(self, rcpt):
        local = rcpt.split("@")[0]
        with self.changed:
            reply = None
            if local.startswith("gone"):
                reply = "550 5.1.1 No such mailbox here"
            elif local.startswith("busy"):
                reply = "451 4.3.2 Busy for ever"
            elif local.startswith("grey") and rcpt not in self.greylisted:
                self.greylisted.add(rcpt)
                reply = "451 4.7.1 Greylisted"
            if reply is None:
                return "250 2.1.5 Ok"
            self.refusals.append((rcpt, reply))
            self.changed.notify_all()
            return reply

    def secure(self, session):
        """Answers STARTTLS; False: the session ends."""
        session.say("220 2.0.0 Go on")
        session.start_tls(self.tls)
        return True

    def add(self, arrivals):
        with self.changed:
            self.arrivals.extend(arrivals)
            self.changed.notify_all()

    def wait_for(self, condition, seconds, what):
        """condition(self) under the lock, checked at each arrival."""
        with self.changed:
            if not self.changed.wait_for(lambda: condition(self), timeout=seconds):
                raise AssertionError(f"not within {seconds} s: {what}; arrivals {len(self.arrivals)}, "
                                     f"refusals {self.refusals[-5:]}")

    def to(self, rcpt):
        return [arrival for arrival in self.arrivals if arrival.rcpt == rcpt]


class Session(socketserver.StreamRequestHandler):
    wbufsize = 0
    disable_nagle_algorithm = True  # replies to pipelined commands are small writes

    def setup(self):
        super().setup()
        self.request.settimeout(120)
        self.options = {}  # of the transaction's MAIL ("") and RCPTs
        with self.server.changed:
            self.server.connections += 1

    def finish(self):
        super().finish()
        self.connection.close()

    def say(self, line):
        self.connection.sendall((line + "\r\n").encode())

    def start_tls(self, tls):
        self.connection = tls.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")

    def tls_version(self):
        return self.connection.version() if isinstance(self.connection, ssl.SSLSocket) else None

    def extensions(self):
        starttls = "250-STARTTLS\r\n" if self.server.tls and not self.tls_version() else ""
        dsn = "250-DSN\r\n" if self.server.has_dsn else ""
        return f"250-destination.example\r\n{starttls}{dsn}250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 100000000"

    def content(self):
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                return b"".join(lines)
            lines.append(line[1:] if line.startswith(b".") else line)
        raise ConnectionError

    def data(self, sender, rcpts):
        self.say("354 Go on")
        content = self.content()
        now = time.monotonic()
        arrivals = [Arrival(rcpt, sender, content, now) for rcpt in rcpts]
        for arrival in arrivals:
            arrival.tls = self.tls_version()
            arrival.mail_options, arrival.rcpt_options = self.options[""], self.options[arrival.rcpt]
        self.server.add(arrivals)
        self.say("250 2.0.0 Ok")
        for arrival in arrivals:
            arrival.replied = True

    def handle(self):
        try:
            self.converse()
        except (OSError, ConnectionError):
            pass

    def converse(self):
        sender, rcpts = None, []
        self.say("220 destination.example ESMTP")
        while raw := self.rfile.readline():
            line = raw.decode("latin-1").rstrip("\r\n")
            verb = line[:4].upper()
            if verb == "EHLO":
                self.say(self.extensions())
            elif verb == "STAR" and self.server.tls:
                sender, rcpts = None, []
                if not self.server.secure(self):
                    return
            elif verb == "MAIL":
                sender, rcpts = line[line.index("<") + 1:line.index(">")], []
                self.options = {"": line[line.index(">") + 1:].strip()}
                self.say("250 2.1.0 Ok")
            elif verb == "RCPT":
                rcpt = line[line.index("<") + 1:line.index(">")]
                self.options[rcpt] = line[line.index(">") + 1:].strip()
                reply = self.server.answer_rcpt(rcpt)
                if reply.startswith("250"):
                    rcpts.append(rcpt)
                self.say(reply)
            elif verb == "DATA":
                if rcpts:
                    self.data(sender, rcpts)
                else:
                    self.say("554 5.5.1 No valid recipients")
                rcpts = []
            elif verb == "QUIT":
                self.say("221 2.0.0 Bye")
                return
            else:
                rcpts = [] if verb == "RSET" else rcpts
                self.say("250 2.0.0 Ok")
