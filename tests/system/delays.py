#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where the time of an attempt went: a host behind a real zone, with TLS, that is slow where it is told to be. The log
line, the event and `hikyakuctl trace` tell the same.

  delays.py embedded|cluster ..."""
import json
import subprocess
import sys
import threading
import time

from kit.certificate import Certificate
from kit.cluster import private_folder, relay
from kit.ctl import Ctl, submit_for_id
from kit.destination import Destination, Session
from kit.nsd import Nsd
from kit.ports import free_port
from kit.process import wait_until

STAGES = ["queue", "dns", "connect", "tls", "transmit"]
SLOW_MS = {"connect": 1000, "tls": 1200, "transmit": 1400}
SLACK_MS = 900  # less than any of them
HELD_MS = 200


class SlowSession(Session):
    def say(self, line):
        if line.endswith("ESMTP"):
            self.server.pass_time("connect")
        super().say(line)

    def data(self, sender, rcpts):
        self.server.pass_time("transmit")
        super().data(sender, rcpts)

    def start_tls(self, tls):
        self.server.pass_time("tls")
        super().start_tls(tls)


class Slow(Destination):
    """Takes its time while is_slow; answers no DATA while its gate is closed."""

    def __init__(self, address, port, tls):
        self.is_slow, self.gate = True, threading.Event()
        self.gate.set()
        super().__init__(address, port, tls)
        self.RequestHandlerClass = SlowSession

    def pass_time(self, stage):
        if self.is_slow:
            time.sleep(SLOW_MS[stage] / 1000)
        if stage == "transmit":
            assert self.gate.wait(60)


class Scene:
    def __init__(self, kind, folder, host, zone):
        self.host = host
        self.node = relay(kind, folder, None, [
            f"sender.port={host.port}", f'dns.stub_zones=["{zone.stub_zone}"]', "sender.allow_private_targets=true",
            "sender.connections_per_destination=1", 'configurations=({retry={interval="linear"; a_s=1;};})',
            "scheduler.rebuild_grace_ms=1000"])
        self.ctl = Ctl(self.node)

    @property
    def port(self):
        return self.node.smtp_ports[0]

    def line(self, mail_id, event):
        with open(self.node.of("sender")[0].process.log_path, encoding="utf-8") as log:
            lines = [json.loads(line) for line in log if mail_id in line and line.startswith("{")]
        return next((line for line in lines if line["event"] == event), None)

    def event(self, mail_id, kind):
        """Its data; None: it is not there yet."""
        done = subprocess.run(self.ctl.command("trace", mail_id, "--json"), capture_output=True, text=True, timeout=60,
                              check=False)
        events = json.loads(done.stdout) if done.returncode == 0 else []
        return next((event["data"] for event in events if event["type"].endswith("." + kind)), None)

    def told(self, mail_id, event):
        """`delays` of the line about it, which its event and its history must tell as well."""
        line = wait_until(lambda: self.line(mail_id, event), 30, f"{mail_id} is {event}")
        delays = line["delays"]
        assert list(delays) == [stage for stage in STAGES if stage in delays], delays
        assert all(isinstance(ms, int) and ms >= 0 for ms in delays.values()), delays
        if line["attempt"] == 1:
            assert sum(delays.values()) <= line["delay_ms"] + 1, line
        told = wait_until(lambda: self.event(mail_id, event), 20, f"the event {event} of {mail_id}")
        assert told["delays"] == delays, (told, delays)
        words = f"{sum(delays.values())} ms: " + " ".join(f"{stage} {ms}" for stage, ms in delays.items())
        assert f"  {words}" in self.ctl.run("trace", mail_id)[0], words
        return delays


def check_first(scene):
    """All five stages; each wait is in the one that it happened in."""
    delays = scene.told(submit_for_id(scene.port, "ok-first@slow.example"), "delivered")
    assert list(delays) == STAGES, delays
    for stage, ms in SLOW_MS.items():
        assert ms <= delays[stage] < ms + SLACK_MS, (stage, delays)
    scene.host.is_slow = False
    return delays


def check_pooled(scene):
    """Where to go was asked, perhaps; nothing was opened."""
    before = scene.host.connections
    delays = scene.told(submit_for_id(scene.port, "ok-second@slow.example"), "delivered")
    assert scene.host.connections == before and not {"connect", "tls"} & set(delays), delays


def check_handed_over(scene):
    """The second waits for the only connection, and gets it as it is."""
    scene.host.gate.clear()
    first, second = (submit_for_id(scene.port, f"ok-{name}@slow.example") for name in ("holds", "waits"))
    wait_until(lambda: scene.node.of("sender")[0].metric("hikyaku_sender_parcels_in_flight") == 2, 20, "both are there")
    time.sleep(HELD_MS / 1000)
    scene.host.gate.set()
    held, waited = scene.told(first, "delivered"), scene.told(second, "delivered")
    assert list(waited) == ["queue", "transmit"] and waited["queue"] >= HELD_MS, waited
    assert held["transmit"] >= HELD_MS, held


def check_refused(scene):
    assert "transmit" in scene.told(submit_for_id(scene.port, "gone@slow.example"), "failed")
    grey = submit_for_id(scene.port, "grey@slow.example")
    assert "transmit" in scene.told(grey, "deferred")
    assert "transmit" in scene.told(grey, "delivered")


def run(kind):
    with private_folder("delays") as folder, \
            Nsd(folder, "example", "slow MX 10 host\nhost A 127.0.0.2\nsender MX 10 host\n") as zone:
        host = Slow("127.0.0.2", free_port(), Certificate(folder).server())
        scene = Scene(kind, folder, host, zone)
        with scene.node:
            delays = check_first(scene)
            check_pooled(scene)
            check_handed_over(scene)
            check_refused(scene)
    print(f"{kind}: {delays}, told alike by log, event and trace", flush=True)


def main():
    for kind in sys.argv[1:]:
        run(kind)


if __name__ == "__main__":
    main()
