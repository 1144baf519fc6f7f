#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""BCC forwarding: one copy of every mail at an archive, whatever happens to the archive or to the sender.

  bcc.py embedded    the single binary
  bcc.py cluster     Kafka, Redis and two processes of each service
An archive that answers, one that refuses, one that is gone for longer than the retry period, a mail for 300
domains, and kill -9 of every sender between the split and the delivery."""
import sys
import threading

from kit.cluster import Cluster, Embedded, private_folder
from kit.destination import Destination, Session
from kit.mail import SENDER, connect, content_for, transact
from kit.process import wait_until

PERIOD_S, WAIT_S = 60, 31  # a second attempt, and no third
REWRITTEN = "bounces@relay.example"
MAILS = 20


class GatedSession(Session):
    def say(self, line):
        assert self.server.gate.wait(120)
        if self.server.is_dead:
            raise ConnectionError
        super().say(line)


class Gated(Destination):
    """Answers only while its gate is open; as an archive it may also refuse all, or be gone."""

    def __init__(self):
        self.gate = threading.Event()
        self.gate.set()
        self.is_dead = self.is_refusing = False
        super().__init__()
        self.RequestHandlerClass = GatedSession

    def answer_rcpt(self, rcpt):
        if not self.is_refusing:
            return super().answer_rcpt(rcpt)
        with self.changed:
            self.refusals.append((rcpt, "550 5.7.1 Not archived here"))
            self.changed.notify_all()
            return "550 5.7.1 Not archived here"

    def die(self):
        self.is_dead = True
        self.shutdown()
        self.server_close()


class Relay:
    """What the scenes need of either kind of relay."""

    def __init__(self, node, senders, destination, archive):
        self.node, self.senders, self.destination, self.archive = node, senders, destination, archive

    def send(self, rcpts, content):
        client = connect(self.node.smtp_ports[0])
        reply = transact(client, rcpts, content)
        client.quit()
        assert reply[0] == 250, reply

    def series(self, text):
        lines = [line for sender in self.senders for line in sender.get("/metrics")[1].splitlines()]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(text + " "))

    def copies(self, result):
        return self.series(f'hikyaku_sender_copies_total{{result="{result}"}}')

    def dead_copies(self):
        return self.series('hikyaku_dead_records_total{topic="work",reason="copy"}')

    def wait_for(self, where, rcpts, seconds=60):
        where.wait_for(lambda d: set(rcpts) <= {a.rcpt for a in d.arrivals}, seconds, f"{len(rcpts)} recipients")

    def check_once(self, rcpts):
        """Each recipient once on either side, with the same octets; the envelope From as it is meant there."""
        for rcpt in rcpts:
            originals, copies = self.destination.to(rcpt), self.archive.to(rcpt)
            assert len(originals) == 1 and len(copies) == 1, f"{rcpt}: {len(originals)} and {len(copies)} copies"
            assert originals[0].content == copies[0].content, rcpt
            assert originals[0].sender == REWRITTEN and copies[0].sender == SENDER, rcpt

    def check_no_bounce(self):
        assert not self.destination.to(REWRITTEN) and not self.archive.to(REWRITTEN), "a bounce"


def answering(relay):
    rcpts = [f"ok-{number}@dest.example" for number in range(MAILS)]
    before = relay.copies("delivered")
    for rcpt in rcpts:
        relay.send([rcpt], content_for(rcpt, b".a line with a dot\r\n" * 30))
    relay.send(["ok-large@dest.example"], content_for("ok-large@dest.example", b"a longer line\r\n" * 60_000))
    rcpts.append("ok-large@dest.example")
    relay.wait_for(relay.destination, rcpts)
    relay.wait_for(relay.archive, rcpts)
    relay.check_once(rcpts)
    wait_until(lambda: relay.copies("delivered") == before + len(rcpts), 20, "copies are counted apart")


def many_domains(relay):
    rcpts = [f"ok-{number}@d{number}.example" for number in range(300)]
    relay.send(rcpts, content_for("everybody@dest.example"))
    relay.wait_for(relay.destination, rcpts, 120)
    relay.wait_for(relay.archive, rcpts, 120)
    relay.check_once(rcpts)


def killed(relay):
    """Split, and on its way to nobody: what the senders had in hand is sent by those that follow them."""
    rcpts = [f"ok-kill-{number}@k{number % 3}.example" for number in range(MAILS)]
    for where in (relay.destination, relay.archive):
        where.gate.clear()
    for rcpt in rcpts:
        relay.send([rcpt], content_for(rcpt))
    wait_until(lambda: sum(s.metric("hikyaku_sender_parcels_in_flight") for s in relay.senders) >= 2 * MAILS, 60,
               "every mail is split, nothing is delivered")
    for sender in relay.senders:
        sender.process.kill()
        sender.start()
    for where in (relay.destination, relay.archive):
        where.gate.set()
    for sender in relay.senders:
        sender.wait_ready()
    relay.wait_for(relay.destination, rcpts, 120)
    relay.wait_for(relay.archive, rcpts, 120)
    relay.check_once(rcpts)


def refusing(relay):
    rcpt = "ok-refused@dest.example"
    before = relay.dead_copies()
    relay.archive.is_refusing = True
    relay.send([rcpt], content_for(rcpt))
    relay.wait_for(relay.destination, [rcpt])
    wait_until(lambda: relay.dead_copies() == before + 1, 30, "the refused copy is on `dead`")
    relay.archive.is_refusing = False
    assert not relay.archive.to(rcpt)


def bounced(relay):
    """The original is refused, its copy is not: the bounce goes out without a copy of its own."""
    rcpt = "gone-away@dest.example"
    relay.archive.answer_rcpt = lambda rcpt: "250 2.1.5 Ok"
    relay.send([rcpt], content_for(rcpt))
    relay.wait_for(relay.archive, [rcpt])
    relay.wait_for(relay.destination, [REWRITTEN])
    relay.destination.arrivals = [a for a in relay.destination.arrivals if a.rcpt != REWRITTEN]


def gone(relay):
    """The last scene: the archive is no more."""
    rcpts = [f"ok-gone-{number}@dest.example" for number in range(5)]
    dead, expired, delivered = relay.dead_copies(), relay.copies("expired"), relay.copies("delivered")
    relay.archive.die()
    for rcpt in rcpts:
        relay.send([rcpt], content_for(rcpt))
    relay.wait_for(relay.destination, rcpts, 10)
    wait_until(lambda: relay.copies("deferred") >= len(rcpts), 30, "copies wait for their retry")
    assert relay.dead_copies() == dead
    wait_until(lambda: relay.dead_copies() == dead + len(rcpts), PERIOD_S + 60, "copies end on `dead`")
    assert relay.copies("expired") == expired + len(rcpts)
    assert relay.copies("delivered") == delivered


def play(relay):
    for scene in (killed, answering, many_domains, refusing, bounced, gone):
        scene(relay)
        relay.check_no_bounce()
        print(f"  {scene.__name__}: as it should be", flush=True)


def settings_for(archive):
    return [f'configurations=({{name="default"; retry={{interval="linear"; a_s={WAIT_S}; period_s={PERIOD_S};}}; '
            f'envelope_from={{rewrite="{REWRITTEN}";}}; bcc={{host="127.0.0.1"; port={archive.port};}};}})']


def embedded():
    destination, archive = Gated(), Gated()
    with private_folder("bcc") as folder, Embedded(folder, destination, settings_for(archive)) as node:
        play(Relay(node, [node.service], destination, archive))


def cluster():
    destination, archive = Gated(), Gated()
    settings = [*settings_for(archive), "log.session_timeout_ms=6000"]
    with private_folder("bcc-cluster") as folder, Cluster(folder, destination, count=2, settings=settings) as nodes:
        play(Relay(nodes, nodes.of("sender"), destination, archive))


PARTS = {part.__name__: part for part in (embedded, cluster)}


def main():
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()
        print(f"bcc: {name}: as it should be", flush=True)


if __name__ == "__main__":
    main()
