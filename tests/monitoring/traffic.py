# SPDX-License-Identifier: Apache-2.0
"""Mail of every fate, in rounds: what a panel shows has happened at least once in each."""
import concurrent.futures
import contextlib
import itertools
import math
import signal
import smtplib
import threading
import time

from kit.mail import SENDER, connect, content_for, transact
from watched import BUDGET_MIB, CONNECTIONS_MAX, PASSWORD, USER

LINE = b"a line of seventy octets " * 3 + b"\r\n"
MAIL_SIZES = (300, 2_000, 9_000, 40_000, 200_000)
WAVE_ROUNDS = 60
ROUND_S = 1.0
OUTAGE_S = 6
RETRY_S = 0.2  # a client that was told to come back
BURST = 80
CLIENTS = 4  # while the log is away
SECOND_HOPS = b"Received: from a.example by b.example; Tue, 24 Nov 2026 00:00:00 +0000\r\n" * 12


class Traffic:
    """Clients of a Watched. A mail that is answered 4xx is not sent again: the balance must hold without it."""

    def __init__(self, watched):
        self.watched = watched
        self.numbers = itertools.count(1)
        self.accepted = 0
        self.lock = threading.Lock()

    def _send(self, client, local, domain="dest.example", body=b"Hello\r\n", sender=SENDER):
        rcpt = f"{local}-{next(self.numbers)}@{domain}"
        self._note(client, transact(client, [rcpt], content_for(rcpt, body), sender))

    def _note(self, client, reply):
        with self.lock:
            self.accepted += reply[0] == 250
        if reply[0] != 250:
            client.rset()

    def _ports(self):
        return itertools.cycle(self.watched.cluster.smtp_ports)

    def plain(self, number):
        """More of it and less of it, in waves; to several domains, of several sizes."""
        count = round(10 + 7 * math.sin(2 * math.pi * number / WAVE_ROUNDS))
        for port in self.watched.cluster.smtp_ports:
            client = connect(port)
            for i in range(count):
                size = MAIL_SIZES[(i * i + number) % len(MAIL_SIZES)]
                self._send(client, "ok", f"d{i % 6}.example", LINE * (size // len(LINE)))
            client.quit()

    def fates(self, number):
        """Deferred, refused, given up, listed, uncertain; a report that nobody takes; a copy that is refused."""
        client = connect(self.watched.cluster.smtp_ports[number % 2])
        for local in ("grey", "grey", "gone", "listed", "lost"):
            self._send(client, local)
        if number % 3 == 0:
            self._send(client, "busy")
            self._send(client, "gone", sender="")
            self._send(client, "ok", "absent.example")
            self._send(client, "ok", "empty.example")
            self._send(client, "ok", "dead.example")
        client.quit()

    def requests(self, number):
        """DSN: a report asked for about a success, none about a failure (RFC 3461)."""
        client = connect(self.watched.cluster.smtp_ports[number % 2])
        for local, notify in (("ok", "SUCCESS"), ("gone", "NEVER"), ("grey", "DELAY,FAILURE")):
            rcpt = f"{local}-dsn-{next(self.numbers)}@dest.example"
            reply = next((reply for reply in map(client.docmd, (f"MAIL FROM:<{SENDER}>",
                         f"RCPT TO:<{rcpt}> NOTIFY={notify}", "DATA")) if reply[0] not in (250, 354)), None)
            if not reply:
                client.send(content_for(rcpt) + b".\r\n")
                reply = client.getreply()
            self._note(client, reply)
        client.quit()

    def submissions(self, number):
        """STARTTLS and a password; bounces go to both senders. Somebody else guesses until it is locked out."""
        for address, password in (("127.0.0.1", PASSWORD), ("127.0.0.1", PASSWORD), ("127.0.0.5", "wrong")):
            client = smtplib.SMTP("127.0.0.1", self.watched.submission_ports[number % 2], timeout=60,
                                  source_address=(address, 0))
            client.starttls(context=self.watched.certificate.client())
            client.ehlo()
            with contextlib.suppress(smtplib.SMTPAuthenticationError, smtplib.SMTPServerDisconnected):
                client.login(USER, password)
                for local in ("ok", "gone"):
                    self._send(client, local, sender="news@shop.example")
            client.close()

    def refusals(self, number):
        """A loop, no room for a large mail, more connections than a listener has."""
        client = connect(self.watched.cluster.smtp_ports[number % 2])
        rcpt = "ok-loop@dest.example"
        transact(client, [rcpt], SECOND_HOPS + content_for(rcpt))
        client.docmd(f"MAIL FROM:<{SENDER}> SIZE={BUDGET_MIB * 1024 * 1024 + 1}")
        client.quit()
        with contextlib.ExitStack() as open_ones:
            for _ in range(CONNECTIONS_MAX + 1):
                with contextlib.suppress(smtplib.SMTPException, OSError):
                    open_ones.enter_context(contextlib.closing(connect(self.watched.submission_ports[number % 2])))

    def burst(self):
        """More than the senders take in hand, for a slow destination: some is put back."""
        client = connect(self.watched.cluster.smtp_ports[0])
        for _ in range(BURST):
            self._send(client, "ok", "slow.example")
        client.quit()

    def restart(self):
        """A sender that has its hands full is stopped as in a rolling restart."""
        self.burst()
        sender = self.watched.cluster.of("sender")[0]
        assert sender.process.stop(60) == 0, sender.process.tail()
        sender.start()

    def outage(self):
        """The log is away; clients get our own 4xx. And a process reads its settings again."""
        broker = self.watched.cluster.broker
        self.watched.cluster.of("ingress")[0].process.signal(signal.SIGHUP)
        broker.kill()
        ends = time.monotonic() + OUTAGE_S
        pace = threading.Event()
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as clients:
            while time.monotonic() < ends:
                list(clients.map(self._single, itertools.islice(self._ports(), CLIENTS)))
                pace.wait(RETRY_S)
        broker.start()

    def _single(self, port):
        with contextlib.suppress(smtplib.SMTPException, OSError):
            client = connect(port)
            self._send(client, "ok")
            client.quit()

    def round(self, number):
        for scene in (self.plain, self.fates, self.requests, self.submissions, self.refusals):
            scene(number)

    def run(self, seconds):
        """Rounds at their pace; in the first half a burst, a restart and an outage."""
        begun = time.monotonic()
        rare = [(begun + seconds * share, scene)
                for share, scene in ((0.1, self.burst), (0.25, self.restart), (0.45, self.outage))]
        pace = threading.Event()
        for number in itertools.count():
            started = time.monotonic()
            if started > begun + seconds:
                return number
            if rare and started > rare[0][0]:
                rare.pop(0)[1]()
            self.round(number)
            pace.wait(max(0, ROUND_S - (time.monotonic() - started)))
