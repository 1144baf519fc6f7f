# SPDX-License-Identifier: Apache-2.0
"""Mail through the Services, until it is stopped: half of the clients without TLS on port 25, half with STARTTLS and
AUTH on 587. Each reconnects where its pod goes away, and rests after each mail."""
import itertools
import smtplib
import ssl
import threading
import time

from kit.destination import Destination
from kit.ledger import Client, Submission

from values import PASSWORD, SMTP_PORT, SUBMISSION_PORT, USER

CLIENTS = 4
PACE_S = 0.06
PATIENCE_S = 120
SLOW_S = 2


class CountingSMTP(smtplib.SMTP):
    """Tells of each reply that begins with 4."""

    def __init__(self, address, port, on_tempfail):
        self.on_tempfail = on_tempfail
        super().__init__(address, port, timeout=60, local_hostname="app.sender.example")

    def getreply(self):
        code, text = super().getreply()
        if 400 <= code < 500:
            self.on_tempfail()
        return code, text


class ServiceClient(Client):
    """Connects to a Service instead of to a port."""

    def __init__(self, number, traffic):
        super().__init__([SMTP_PORT, SUBMISSION_PORT], traffic.mails(), traffic.on_accepted)
        self.traffic = traffic
        self.port = self.ports[number // 2 % 2]
        self.turn = number

    def _connect(self):
        self.turn += 1
        addresses = self.traffic.endpoints.addresses()
        if not addresses:
            raise ConnectionError("the Service has no ready pod")
        address = addresses[self.turn % len(addresses)]
        connection = CountingSMTP(address, self.port, lambda: self.traffic.on_tempfail(address))
        connection.ehlo()
        if self.port == SUBMISSION_PORT:
            connection.starttls(context=self.traffic.tls)
            connection.login(USER, PASSWORD)
        self.connection = connection


def client_tls(certificate):
    """A pod's address is not in the certificate."""
    tls = ssl.create_default_context(cafile=certificate.path)
    tls.check_hostname = False
    return tls


class SlowDestination(Destination):
    """Takes its time with slow..., so that whoever is stopped or killed has something in hand."""

    def answer_rcpt(self, rcpt):
        if rcpt.startswith("slow"):
            threading.Event().wait(SLOW_S)
        return super().answer_rcpt(rcpt)


def kind_of(number):
    """A tenth is greylisted, a twentieth refused, a tenth slow."""
    return "grey" if number % 10 == 1 else "gone" if number % 20 == 3 else "slow" if number % 10 == 5 else "ok"


class Traffic:
    """The mails of one scenario."""

    def __init__(self, endpoints, tls, numbers):
        self.endpoints, self.tls, self.numbers = endpoints, tls, numbers
        self.submissions = []
        self.accepted_at = [time.monotonic()]
        self.tempfails = []  # addresses of the pods that said it
        self.stopping = threading.Event()
        self.changed = threading.Condition()
        self.clients = [ServiceClient(number, self) for number in range(CLIENTS)]
        for client in self.clients:
            client.start()

    def mails(self):
        while not self.stopping.wait(PACE_S):
            number = next(self.numbers)
            mail = Submission(number, f"{kind_of(number)}-{number}@d{number % 7}.dest.example", 1024)
            self.submissions.append(mail)
            yield mail

    def on_accepted(self):
        with self.changed:
            self.accepted_at.append(time.monotonic())
            self.changed.notify_all()

    def on_tempfail(self, address):
        self.tempfails.append(address)

    def wait_for_more(self, count=40):
        with self.changed:
            wanted = len(self.accepted_at) + count
            assert self.changed.wait_for(lambda: len(self.accepted_at) >= wanted, PATIENCE_S), "no mail is accepted"

    def stop(self):
        self.stopping.set()
        for client in self.clients:
            client.join(PATIENCE_S)
            assert not client.is_alive(), "a client still waits for its 250"
            if client.failure:
                raise client.failure

    def longest_gap_s(self):
        """Between two 250s, whoever got them."""
        return max((after - before for before, after in itertools.pairwise(self.accepted_at)), default=0.0)
