#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 of everything in turn under load, and a ledger that proves that nothing was lost.

  kill.py cluster  [--mails 2000] [--kills 50]   every role, Redis (with FLUSHALL now and then), Kafka
  kill.py embedded [--mails 2000] [--kills 50]   the single binary
A fifth of the mails is greylisted, a tenth refused; a few are larger than what a work record carries."""
import argparse
import itertools
import random
import threading
import time

from kit.cluster import Cluster, Embedded, private_folder
from kit.destination import Destination
from kit.ledger import Client, Ledger, Submission
from kit.process import wait_until

RETRY = ['configurations=({retry={interval="linear"; a_s=2; period_s=3600;};})', "scheduler.rebuild_grace_ms=2000",
         "scheduler.lease_ms=5000"]
CLUSTER = [*RETRY, "log.session_timeout_ms=6000", "log.publish_timeout_ms=10000"]
CLIENTS = 8
QUIET_S = 180
RECOVERY_S = 0.8
BURST_S = 0.15


def submissions(count):
    for number in range(count):
        kind = "grey" if number % 5 == 1 else "gone" if number % 10 == 3 else "ok"
        size = 300_000 if number % 200 == 7 else 1024
        yield Submission(number, f"{kind}-{number}@d{number % 7}.dest.example", size)


class Load:
    """Clients that spread their mails over the time the kills take."""

    def __init__(self, ports, mails):
        self.mails = mails
        self.allowed = threading.Semaphore(0)
        self.done = 0
        self.changed = threading.Condition()
        self.clients = [Client(ports, _Paced(mails[i::CLIENTS], self.allowed), self._on_progress)
                        for i in range(CLIENTS)]
        for client in self.clients:
            client.start()

    def _on_progress(self):
        with self.changed:
            self.done += 1
            self.changed.notify_all()

    def wait_for_progress(self, than):
        """The cluster has taken mail again since then."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.done > than, QUIET_S), "no mail is accepted any more"
            return self.done

    def release(self, count):
        for _ in range(count):
            self.allowed.release()

    def finish(self):
        for client in self.clients:
            client.join(QUIET_S)
            assert not client.is_alive(), f"a client still waits for its 250; {self.done} of {len(self.mails)} accepted"
            if client.failure:
                raise client.failure


class _Paced:
    def __init__(self, items, allowed):
        self.items = items
        self.allowed = allowed

    def __iter__(self):
        for item in self.items:
            self.allowed.acquire()
            yield item


def kill_in_turn(victims, load, kills):
    """victims: (name, kill, restart). Each kill falls somewhere into the burst of mails that was let go
    just before it, the next burst into the recovery. Returns the faults as (time, name)."""
    faults = []
    pause = threading.Event()
    chance = random.Random(kills)
    done = 0
    for number, (name, kill, restart) in zip(range(kills), itertools.cycle(victims)):
        load.release(len(load.mails) // kills // 2)
        done = load.wait_for_progress(done)
        pause.wait(RECOVERY_S)
        load.release(len(load.mails) // kills // 2)
        pause.wait(chance.uniform(0, BURST_S))
        faults.append((time.monotonic(), name))
        kill()
        restart()
        print(f"  kill {number + 1}/{kills}: {name}; {load.done} accepted", flush=True)
    load.release(len(load.mails))
    return faults


def conclude(ledger, destination, faults, mails):
    wait_until(lambda: ledger.open_count(destination) == 0, QUIET_S,
               f"every accepted mail delivered or bounced; {ledger.open_count(destination)} open")
    windows = ledger.check(destination, faults)
    delivered = sum(1 for arrivals, _ in ledger.outcomes(destination).values() if arrivals)
    print(f"{len(mails)} mails accepted, {delivered} delivered, {len(mails) - delivered} bounced, 0 lost; "
          f"{len(faults)} kills; duplicates {sum(windows.values())}")
    for window, count in sorted(windows.items()):
        gap = ledger.longest_gap_s.get(window)
        print(f"  {count:4d}  {window}" + (f"; the first copy at most {gap * 1000:.0f} ms before" if gap else ""))
    assert "unexplained" not in windows, "a duplicate outside every documented window"


def cluster(mails, kills):
    destination = Destination()
    flushes = itertools.count()
    with private_folder("kill") as folder, Cluster(folder, destination, count=2, settings=CLUSTER) as nodes:
        def kill_redis():
            if next(flushes) % 2:
                nodes.redis.flush()
            else:
                nodes.redis.kill()

        def restart_redis():
            if not nodes.redis.process.is_running():
                nodes.redis.start()

        victims = [(name, service.process.kill, service.start) for name, service in nodes.services.items()]
        victims.insert(3, ("redis", kill_redis, restart_redis))
        victims.insert(7, ("redis", kill_redis, restart_redis))
        victims.append(("kafka", nodes.broker.kill, nodes.broker.start))
        load = Load(nodes.smtp_ports, mails)
        faults = kill_in_turn(victims, load, kills)
        load.finish()
        conclude(Ledger(mails), destination, faults, mails)


def embedded(mails, kills):
    destination = Destination()
    with private_folder("kill-embedded") as folder, Embedded(folder, destination, RETRY) as node:
        load = Load(node.smtp_ports, mails)
        victims = [("hikyaku", node.service.process.kill, node.service.start)]
        faults = kill_in_turn(victims, load, kills)
        load.finish()
        conclude(Ledger(mails), destination, faults, mails)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("cluster", "embedded"))
    parser.add_argument("--mails", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=50)
    arguments = parser.parse_args()
    mails = list(submissions(arguments.mails))
    {"cluster": cluster, "embedded": embedded}[arguments.what](mails, arguments.kills)


if __name__ == "__main__":
    main()
