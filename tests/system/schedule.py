#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The default retry schedule on a real clock that passes faster (service.time_scale), at a
destination that always says 451: the first waits (S16, S18), and the end (S10, S13).

  schedule.py embedded|cluster ..."""
import os
import sys
import threading
import time

from kit.cluster import private_folder, relay
from kit.destination import Destination
from kit.mail import bounce_fields, submit

RCPT = "busy@dest.example"
WAITS_S = (240, 720, 1200)
SCALE = 100        # the first three retries in 22 s
TOLERANCE_S = 60   # scaled: 600 ms for an attempt, a poll of the scheduler and a busy machine
END_SCALE = 5000   # a day in 17 s
PERIOD_S = 86400
END_TOLERANCE_S = 15000  # scaled: 3 s from the verdict to the bounce's arrival


class Busy(Destination):
    """Notes when it was asked."""

    def __init__(self):
        super().__init__()
        self.asked = []
        self.guard = threading.Lock()

    def answer_rcpt(self, rcpt):
        with self.guard:
            self.asked.append((rcpt, time.monotonic()))
        return super().answer_rcpt(rcpt)

    def times(self, rcpt):
        with self.guard:
            return [at for asked, at in self.asked if asked == rcpt]


def first_waits(kind):
    destination = Busy()
    with private_folder("schedule") as folder, \
            relay(kind, folder, destination, [f"service.time_scale={SCALE}"]) as node:
        submit(node.smtp_ports[0], RCPT)
        destination.wait_for(lambda d: len(d.times(RCPT)) >= 4, 60, "three retries")
        times = destination.times(RCPT)
    waits = [(after - before) * SCALE for before, after in zip(times, times[1:])]
    for number, (wait, expected) in enumerate(zip(waits, WAITS_S), 1):
        assert expected <= wait + 1 and wait <= expected + TOLERANCE_S, f"retry {number}: {wait:.0f} s, not {expected}"
    return ", ".join(f"{wait:.0f}" for wait in waits[:3])


def the_end(kind):
    """No attempt after the period, and a bounce that says 4.4.7 with the last real reply."""
    destination = Busy()
    with private_folder("schedule-end") as folder, \
            relay(kind, folder, destination, [f"service.time_scale={END_SCALE}"]) as node:
        begun = time.monotonic()
        submit(node.smtp_ports[0], RCPT)
        destination.wait_for(lambda d: d.arrivals, 60, "the bounce")
        elapsed = (destination.arrivals[0].at - begun) * END_SCALE
        fields = bounce_fields(destination.arrivals[0])
    last = (destination.times(RCPT)[-1] - begun) * END_SCALE
    assert fields["Action"] == "failed" and fields["Status"].startswith("4.4.7"), fields.items()
    assert "451 4.3.2 Busy for ever" in fields["Diagnostic-Code"], fields.items()
    assert last <= PERIOD_S, f"an attempt {last:.0f} s after the mail was accepted"
    # S13 looks ahead: given up at the failure whose next retry would come too late.
    assert last <= elapsed <= PERIOD_S + END_TOLERANCE_S, elapsed
    retries = len(destination.times(RCPT)) - 1
    assert 14 <= retries <= 18, f"{retries} retries; 18 if attempts took no time"
    return retries, last


def main():
    os.environ["HIKYAKU_TEST"] = "1"
    for kind in sys.argv[1:]:
        waits = first_waits(kind)
        retries, last = the_end(kind)
        print(f"{kind}: retries after {waits} s of scaled time; given up after {retries} retries, at {last:.0f} s")


if __name__ == "__main__":
    main()
