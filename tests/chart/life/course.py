# SPDX-License-Identifier: Apache-2.0
"""One scenario after the other under load, what must hold after each of them, and the tables of what was measured."""
import itertools
import statistics
import threading
import time

from kit.ledger import Ledger

from traffic import Traffic

SETTLE_S = 180


def wait_every(seconds, condition, what):
    """For conditions that cost something to ask for."""
    deadline = time.monotonic() + SETTLE_S
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"not within {SETTLE_S} s: {what}"
        pause.wait(seconds)


def seconds_of(drains):
    return f"{statistics.median(drains):.2f} | {max(drains):.2f}" if drains else "|"


class Before:
    """What was counted when a scenario began."""

    def __init__(self, release):
        self.drains = len(release.drains())
        self.restarts = {pod: pod.restarts for pod in release.all_pods()}
        self.failed_probes = {pod: len(pod.failed_probes) for pod in release.all_pods()}

    def restarted(self, release):
        """Pods, once per restart."""
        return [pod for pod in release.all_pods() for _ in range(pod.restarts - self.restarts.get(pod, 0))]

    def failed(self, release):
        """(pod, kind of the probe)."""
        return [(pod, kind) for pod in release.all_pods() for kind in pod.failed_probes[self.failed_probes.get(pod, 0):]]


class Course:
    """On one release; all mails of all scenarios are in one ledger."""

    def __init__(self, release):
        self.release = release
        release.course = self
        self.mails, self.faults, self.rows = [], [], []
        self.windows = {}
        self.numbers = itertools.count(1)

    def fault(self, name):
        self.faults.append((time.monotonic(), name))

    def traffic(self):
        return Traffic(self.release.endpoints, self.release.tls, self.numbers)

    def run(self, what, act, seconds):
        before, began = Before(self.release), time.monotonic()
        traffic = self.traffic()
        traffic.wait_for_more()
        disturbed = act(self.release, traffic, seconds)
        traffic.wait_for_more()
        traffic.stop()
        self.mails += traffic.submissions
        duplicates = self._settle(what)
        self._check_pods(what, before, disturbed)
        drains = seconds_of(self.release.drains()[before.drains:])
        self.rows.append(f"| {what} | {len(traffic.submissions):,} | 0 | {duplicates} | {drains} "
                         f"| {traffic.longest_gap_s():.1f} | {len(traffic.tempfails)} | {len(disturbed)} | 0 |")
        print(f"  {time.monotonic() - began:5.1f} s  {self.rows[-1]}", flush=True)

    def _check_pods(self, what, before, disturbed):
        """Nobody was restarted, and nobody's probe failed, but those of the scenario itself."""
        restarted = before.restarted(self.release)
        assert sorted(pod.name for pod in restarted) == sorted(pod.name for pod in disturbed), \
            f"{what}: restarted were {[pod.name for pod in restarted]}"
        failed = [(pod.name, kind) for pod, kind in before.failed(self.release) if pod not in disturbed]
        assert not failed, f"{what}: failed probes {failed}"

    def _settle(self, what):
        """Every mail has its fate, on the ledger and on the log. The number of new duplicates."""
        ledger = Ledger(self.mails)
        wait_every(0.5, lambda: ledger.open_count(self.release.destination) == 0,
                   f"{what}: each mail delivered or bounced")
        wait_every(0.5, lambda: self.release.live_audit() == (0, 0), f"{what}: the live audit says 0 open, drift 0")
        figures = self.release.audit()
        assert figures["balance_drift"] == 0 and figures["open"] == 0, f"{what}: {figures}"
        assert figures["accepted"] >= len(self.mails), f"{what}: {figures}"
        before = sum(self.windows.values())
        self.windows = ledger.check(self.release.destination, self.faults)
        assert "unexplained" not in self.windows, f"{what}: {self.windows}"
        return sum(self.windows.values()) - before

    def print_tables(self):
        print("\n| scenario | mails | lost | duplicates | drain median s | longest | longest s without a 250 "
              "| tempfails | restarts | failed probes |\n|" + "---|" * 10)
        print(*self.rows, sep="\n")
        print("\n| pods | drains | SIGTERM to exit: median s | longest | grace s |\n|" + "---|" * 5)
        for component, workload in self.release.workloads.items():
            drains = [pod.drain_s for pod in workload.history if pod.drain_s is not None]
            grace_s = workload.spec["template"]["spec"]["terminationGracePeriodSeconds"]
            print(f"| {component} | {len(drains)} | {seconds_of(drains)} | {grace_s} |")
        for window, count in sorted(self.windows.items()):
            print(f"{count:4d} duplicates: {window}")
