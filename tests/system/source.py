#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Source pools and destination groups through the real programs: which address and EHLO name a destination
sees, what follows a blocklist, and what log lines and figures say about it.

  source.py embedded|cluster ..."""
import json
import socket
import sys

from kit.cluster import private_folder, relay
from kit.destination import Destination, Session
from kit.mail import submit
from kit.ports import free_port
from kit.process import wait_until

POOLED, PLAIN = "mta1.relay.example", "relay.example.com"  # EHLO names: of the pools, of sender.hostname
FIRST, SECOND = "127.0.0.2", "127.0.0.3"
BRIEF = 'pool={timeout_s=1;}; retry={interval="linear"; a_s=1; period_s=600;};'
BLOCKED = "554 5.7.1 Your address is on a blocklist"


class Overheard:
    """A file of lines that notes the name in EHLO."""

    def __init__(self, file):
        self.file, self.name = file, None

    def readline(self):
        line = self.file.readline()
        if line.upper().startswith(b"EHLO "):
            self.name = line[5:].strip().decode()
        return line

    def __iter__(self):
        return iter(self.file)

    def close(self):
        self.file.close()


class SeeingSession(Session):
    def setup(self):
        super().setup()
        self.rfile = Overheard(self.rfile)
        with self.server.changed:
            self.server.open += 1

    def finish(self):
        with self.server.changed:
            self.server.open -= 1
        super().finish()

    def say(self, line):
        if line.startswith("220") and self.client_address[0] in self.server.blocked:
            super().say(BLOCKED)
            self.server.turned_away.append(self.client_address[0])
            raise ConnectionError
        super().say(line)

    def data(self, sender, rcpts):
        for rcpt in rcpts:
            self.server.seen[rcpt] = self.client_address[0], self.rfile.name
        super().data(sender, rcpts)


class Seeing(Destination):
    """Notes who brought the mail of each recipient: IP address and EHLO name. Turns away who is blocked."""

    def __init__(self, address="127.0.0.1"):
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.seen, self.blocked, self.turned_away, self.open = {}, set(), [], 0
        super().__init__(address)
        self.RequestHandlerClass = SeeingSession

    @property
    def host_port(self):
        return f"[{self.server_address[0]}]:{self.port}"


class Scene:
    """A relay with two pools: `four` for most mail, `six` and none by the listener; and a destination for
    each family."""

    def __init__(self, kind, folder):
        self.four, self.six = Seeing(), Seeing("::1")
        self.ports = {name: free_port() for name in ("six", "plain")}
        self.node = relay(kind, folder, None, [
            f'source_pools=({{name="four"; addresses=["{FIRST}", "{SECOND}"]; ehlo="{POOLED}";}}, '
            f'{{name="six"; addresses=["::1"]; ehlo="{POOLED}";}})',
            f'configurations=({{name="default"; source_pool="four"; {BRIEF}}}, '
            f'{{name="six"; listeners=["six"]; source_pool="six"; {BRIEF}}}, '
            f'{{name="plain"; listeners=["plain"]; {BRIEF}}})',
            *(setting for number, (name, port) in enumerate(self.ports.items(), 1) for setting in (
                f'listeners.[{number}].name="{name}"', f"listeners.[{number}].port={port}",
                f'listeners.[{number}].networks=["127.0.0.0/8"]')),
            f'routes=({{domain="dest.example"; hosts=["127.0.0.1:{self.four.port}"];}}, '
            f'{{domain="six.example"; hosts=["{self.six.host_port}"];}}, '
            f'{{domain="both.example"; hosts=["127.0.0.1:{self.four.port}", "{self.six.host_port}"];}})',
            'destination_groups=({name="big"; domains=["dest.example"];})'])

    @property
    def sender(self):
        return self.node.of("sender")[0]

    def port(self, listener):
        return self.ports.get(listener) or self.node.smtp_ports[0]

    def deliver(self, rcpt, listener="", where=None):
        """The peer and the name that the destination saw."""
        where = where or self.four
        submit(self.port(listener), rcpt)
        where.wait_for(lambda d: d.to(rcpt), 30, rcpt)
        return where.seen[rcpt]

    def logged(self, event, rcpt):
        with open(self.sender.process.log_path, encoding="utf-8") as log:
            lines = [json.loads(line) for line in log if line.startswith("{")]
        return [line for line in lines if line["event"] == event and line.get("rcpt") == rcpt]


def check_turns(scene):
    seen = [scene.deliver(f"ok-{number}@dest.example") for number in range(4)]
    assert [name for _, name in seen] == [POOLED] * 4, seen
    assert sorted(peer for peer, _ in seen) == [FIRST, FIRST, SECOND, SECOND], seen
    assert scene.four.connections == 2, "kept by address"


def check_choice(scene):
    """By the configuration: another pool, or none."""
    peer, name = scene.deliver("ok-plain@dest.example", "plain")
    assert name == PLAIN and peer not in (FIRST, SECOND), (peer, name)
    assert scene.deliver("ok-six@six.example", "six", scene.six) == ("::1", POOLED)


def check_family(scene):
    """A host of a family that the pool has no address for is passed by."""
    before = scene.four.connections
    assert scene.deliver("ok-six@both.example", "six", scene.six) == ("::1", POOLED)
    assert scene.four.connections == before
    rcpt = "ok-none@six.example"
    submit(scene.port(""), rcpt)
    lines = wait_until(lambda: scene.logged("deferred", rcpt), 30, "no source")
    assert "no address of the host's family" in lines[0]["reason"] and "source_ip" not in lines[0], lines[0]


def check_blocklist(scene):
    """Nobody is turned away twice in a row: the retry comes from the other address."""
    scene.four.blocked = {FIRST}
    rcpts = [f"ok-blocked-{number}@dest.example" for number in range(4)]
    wait_until(lambda: scene.four.open == 0, 30, "kept connections are closed")
    for rcpt in rcpts:
        seen = scene.deliver(rcpt)
        assert seen == (SECOND, POOLED), seen
    deferred = [scene.logged("deferred", rcpt) for rcpt in rcpts]
    assert scene.four.turned_away and max(len(lines) for lines in deferred) == 1, deferred
    for line in sum(deferred, []):
        assert line["source_ip"] == FIRST and line["dest_group"] == "big", line
    scene.four.blocked = set()


def check_told(scene):
    line, = scene.logged("delivered", "ok-0@dest.example")
    assert line["dest_group"] == "big" and line["mx"] and line["mx_ip"] == "127.0.0.1", line
    assert line["source_ip"] in (FIRST, SECOND), line
    line, = scene.logged("delivered", "ok-six@six.example")
    assert line["dest_group"] == "other" and line["source_ip"] == "::1", line
    for series in ('attempts_total{dest_group="big",source_pool="four",result="delivered",reason="reply"} ',
                   'attempts_total{dest_group="other",source_pool="six",result="delivered",reason="reply"} ',
                   'attempts_total{dest_group="big",source_pool="default",result="delivered",reason="reply"} ',
                   'connects_total{dest_group="big",result="ok"} ', 'connects_total{dest_group="big",result="refused"} ',
                   'rescheduled_total{interval="linear"} ', 'pool_connections{dest_group="big",state="idle"} '):
        wait_until(lambda s=series: "hikyaku_sender_" + s in scene.sender.get("/metrics")[1], 10, series)


CHECKS = (check_turns, check_choice, check_family, check_blocklist, check_told)


def main():
    for kind in sys.argv[1:]:
        with private_folder("source") as folder:
            scene = Scene(kind, folder)
            with scene.node:
                for check in CHECKS:
                    check(scene)
        print(f"{kind}: mail leaves from where it should", flush=True)


if __name__ == "__main__":
    main()
