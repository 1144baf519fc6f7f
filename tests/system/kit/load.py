# SPDX-License-Identifier: Apache-2.0
"""Clients that send a ledger's mails in bursts while something is done to the relay, and the end of such a run."""
import threading

from .ledger import Client, Submission
from .process import wait_until

CLIENTS = 8
QUIET_S = 180


def submissions(count):
    for number in range(count):
        kind = "grey" if number % 5 == 1 else "gone" if number % 10 == 3 else "ok"
        size = 300_000 if number % 200 == 7 else 1024
        yield Submission(number, f"{kind}-{number}@d{number % 7}.dest.example", size)


class Load:
    """Clients that send no more mails than were released to them, and how many have their 250."""

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


def conclude(ledger, destination, faults, mails, what="kills"):
    wait_until(lambda: ledger.open_count(destination) == 0, QUIET_S,
               lambda: f"every accepted mail delivered or bounced; {ledger.open_count(destination)} open")
    windows = ledger.check(destination, faults)
    delivered = sum(1 for arrivals, _ in ledger.outcomes(destination).values() if arrivals)
    print(f"{len(mails)} mails accepted, {delivered} delivered, {len(mails) - delivered} bounced, 0 lost; "
          f"{len(faults)} {what}; duplicates {sum(windows.values())}")
    for window, count in sorted(windows.items()):
        gap = ledger.longest_gap_s.get(window)
        print(f"  {count:4d}  {window}" + (f"; the first copy at most {gap * 1000:.0f} ms before" if gap else ""))
    assert "unexplained" not in windows, "a duplicate outside every documented window"
