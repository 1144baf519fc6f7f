#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The connection pool (S19..S22) through the real programs: what a kept connection is worth, when it
goes, and what happens when the peer is quicker.

  pool.py embedded|cluster ..."""
import sys
import threading
import time

from kit.cluster import private_folder, relay
from kit.destination import Destination, Session
from kit.mail import connect, content_for, submit, transact
from kit.ports import free_port
from kit.process import wait_until

MAILS = 1000
CONNECTIONS = 4
TIMEOUT_S = 2  # of the configuration "brief"
POOL = "hikyaku_sender_pool_"


class WatchedSession(Session):
    def setup(self):
        super().setup()
        self.spoke_at, self.mails = time.monotonic(), 0
        with self.server.changed:
            self.server.open.append(self)

    def finish(self):
        with self.server.changed:
            self.server.open.remove(self)
        super().finish()

    def say(self, line):
        assert self.server.gate.wait(120)
        if line.startswith("250 2.1.0") and self.mails and self.server.is_dropping:
            raise ConnectionError
        if line.startswith("221"):
            self.server.idle_s.append(time.monotonic() - self.spoke_at)
        super().say(line)
        self.spoke_at = time.monotonic()

    def data(self, sender, rcpts):
        super().data(sender, rcpts)
        self.mails += 1


class Watched(Destination):
    """Notes for how long each connection was idle before its QUIT. Answers only while its gate is open;
    is_dropping: closes at the second MAIL of a connection."""

    def __init__(self):
        self.gate = threading.Event()
        self.gate.set()
        self.open, self.idle_s, self.is_dropping = [], [], False
        super().__init__()
        self.RequestHandlerClass = WatchedSession


class Scene:
    """A relay with three listeners, each with a pool of its own, and three destinations."""

    def __init__(self, kind, folder):
        self.destination, self.second, self.third = Watched(), Watched(), Watched()
        self.brief, self.small = free_port(), free_port()
        self.node = relay(kind, folder, self.destination, [
            'configurations=({name="default"; retry={interval="linear"; a_s=3600;};}, '
            f'{{name="brief"; listeners=["brief"]; pool={{timeout_s={TIMEOUT_S};}};}}, '
            '{name="small"; listeners=["small"]; pool={count=2;};})',
            *self.listener(1, "brief", self.brief), *self.listener(2, "small", self.small),
            'routes.[1].domain="second.example"', f'routes.[1].hosts=["{self.second.host_port}"]',
            'routes.[2].domain="third.example"', f'routes.[2].hosts=["{self.third.host_port}"]',
            f"sender.connections_per_destination={CONNECTIONS}"])

    @staticmethod
    def listener(number, name, port):
        return [f'listeners.[{number}].name="{name}"', f"listeners.[{number}].port={port}",
                f'listeners.[{number}].networks=["127.0.0.0/8"]']

    @property
    def port(self):
        return self.node.smtp_ports[0]

    @property
    def sender(self):
        return self.node.of("sender")[0]

    def series(self, name, label):
        """The sum over all series of a metric with that label."""
        lines = self.sender.get("/metrics")[1].splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name + "{") and label in line)

    def evictions(self, reason):
        return self.series(f"{POOL}evictions_total", f'reason="{reason}"')

    def deferred(self):
        assert self.series("hikyaku_sender_attempts_total", 'result="delivered"') > 0
        return self.series("hikyaku_sender_attempts_total", 'result="deferred"')

    def wait_idle(self, count):
        wait_until(lambda: self.series(f"{POOL}connections", 'state="idle"') == count, 10, f"{count} idle")

    def deliver(self, rcpt, port=None, where=None):
        submit(port or self.port, rcpt)
        (where or self.destination).wait_for(lambda d: d.to(rcpt), 30, rcpt)
        assert len((where or self.destination).to(rcpt)) == 1


def throughput(scene, name):
    """Mails/s from a destination that begins to answer when all are accepted, and its connections."""
    scene.destination.gate.clear()
    arrived, connections = len(scene.destination.arrivals), scene.destination.connections
    client = connect(scene.port)
    rcpts = {f"ok-{name}-{number}@dest.example" for number in range(MAILS)}
    for rcpt in rcpts:
        assert transact(client, [rcpt], content_for(rcpt))[0] == 250
    client.quit()
    wait_until(lambda: scene.sender.metric("hikyaku_sender_parcels_in_flight") == MAILS, 60, "all at the sender")
    begun = time.monotonic()
    scene.destination.gate.set()
    scene.destination.wait_for(lambda d: len(d.arrivals) == arrived + MAILS, 120, f"{name}: {MAILS} mails")
    elapsed_s = time.monotonic() - begun
    assert rcpts == {a.rcpt for a in scene.destination.arrivals[arrived:]}
    return MAILS / elapsed_s, scene.destination.connections - connections


def test_s19_a_reused_connection_that_fails_is_no_attempt(scene):
    """Not even the retry of an hour is waited for: another connection is opened at once."""
    scene.deliver("ok-first@dest.example")
    scene.wait_idle(1)
    scene.destination.is_dropping = True
    scene.deliver("ok-dropped@dest.example")
    scene.destination.is_dropping = False
    assert scene.destination.connections == 2, scene.destination.connections
    assert scene.series(f"{POOL}acquires_total", 'result="reused"') == 1
    assert scene.deferred() == 0


def test_s19_what_the_peer_does_while_idle_is_noticed(scene):
    """A connection that the peer closed, or spoke on unasked, is gone before the next mail."""
    acts = {"close": lambda session: session.connection.shutdown(2),
            "speak": lambda session: session.connection.sendall(b"421 4.4.2 Idle for too long\r\n")}
    for name, act in acts.items():
        scene.wait_idle(1)
        gone = scene.evictions("peer")
        wait_until(lambda: len(scene.destination.open) == 1, 10, "the session before is over")
        act(scene.destination.open[0])
        wait_until(lambda g=gone: scene.evictions("peer") == g + 1, 10, f"{name} is noticed")
        before = scene.destination.connections
        scene.deliver(f"ok-{name}@dest.example")
        assert scene.destination.connections == before + 1
    assert scene.deferred() == 0


def test_s20_the_least_recently_used_of_all_destinations_goes(scene):
    first, second, third = scene.destination, scene.second, scene.third
    kept = first.connections  # and the idle one of `default`, which is another pool
    scene.deliver("ok-a@small.example", scene.small)
    scene.deliver("ok-b@second.example", scene.small, second)
    scene.deliver("ok-c@third.example", scene.small, third)
    wait_until(lambda: scene.evictions("lru") == 1 and first.idle_s, 10, "the oldest of three goes")
    assert first.connections == kept + 1 and len(first.idle_s) == 1 and not second.idle_s and not third.idle_s
    scene.deliver("ok-d@second.example", scene.small, second)
    assert second.connections == 1, "reused"
    scene.deliver("ok-e@small.example", scene.small)
    wait_until(lambda: third.idle_s, 10, "now the third is the oldest")
    assert first.connections == kept + 2 and not second.idle_s


def test_s21_idle_connections_close_with_quit_in_time(scene):
    scene.destination.idle_s.clear()
    scene.deliver("ok-brief@dest.example", scene.brief)
    wait_until(lambda: scene.destination.idle_s, TIMEOUT_S + 5, "QUIT")
    assert TIMEOUT_S - 0.05 <= scene.destination.idle_s[0] <= TIMEOUT_S + 1, scene.destination.idle_s
    assert scene.evictions("timeout") == 1


def test_s22_reuse_raises_throughput(scene):
    """The last scene: the sender is started again with a pool that keeps nothing."""
    on, connections = throughput(scene, "on")
    assert connections <= CONNECTIONS, f"{connections} connections for {MAILS} mails"
    process = scene.sender.process
    assert process.stop(40) == 0
    process.command += ["--set", "sender.mails_per_connection=1"]
    scene.sender.start().wait_ready()
    off, connections = throughput(scene, "off")
    assert connections == MAILS, f"{connections} connections for {MAILS} mails"
    print(f"  {MAILS} mails: {on:.0f} mails/s over {CONNECTIONS} kept connections, {off:.0f} mails/s over one each")
    assert on > off, "a pool that is no gain"


SCENES = (test_s19_a_reused_connection_that_fails_is_no_attempt, test_s19_what_the_peer_does_while_idle_is_noticed,
          test_s20_the_least_recently_used_of_all_destinations_goes, test_s21_idle_connections_close_with_quit_in_time,
          test_s22_reuse_raises_throughput)


def main():
    for kind in sys.argv[1:]:
        with private_folder("pool") as folder:
            scene = Scene(kind, folder)
            with scene.node:
                for play in SCENES:
                    play(scene)
        print(f"{kind}: the pool is as it should be", flush=True)


if __name__ == "__main__":
    main()
