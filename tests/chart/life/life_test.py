#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The chart's pods executed by kubelet-lite on real Kafka and Redis, under load: rolling restart of each workload,
SIGKILL, senders 2 -> 4 -> 2, Kafka and Redis down. After each of them no mail is lost, the audit's drift is 0, no pod
that served has failed a probe, and no container was restarted but those that were killed.

  life_test.py [--seconds N] [--scenario NAME]... [--keep]   prints the tables of docs/operations.md

While it runs, targets.json in its folder tells a Prometheus where the pods are (targets.py)."""
import argparse
import pathlib
import signal
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1] / "system")]

from kit.bubblewrap import need_bubblewrap  # noqa: E402
from kit.cluster import Broker, private_folder  # noqa: E402
from kit.redis import Redis  # noqa: E402

from course import Course  # noqa: E402
from release import Release  # noqa: E402
from scenarios import SCENARIOS  # noqa: E402
from traffic import SlowDestination  # noqa: E402
from values import REDIS_PASSWORD  # noqa: E402


def wait_for_interrupt(course):
    """Under load."""
    traffic = course.traffic()
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    print("running until SIGINT or SIGTERM", flush=True)
    stopped.wait()
    traffic.stop()


def run(release, arguments):
    release.install()
    print(f"{len(release.pods())} pods ready, {release.targets.path}", flush=True)
    course = Course(release)
    for name in arguments.scenario or SCENARIOS:
        course.run(name, SCENARIOS[name], arguments.seconds)
    if arguments.keep:
        wait_for_interrupt(course)
    release.uninstall()
    course.print_tables()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="for which Kafka or Redis is down; 60 unless told")
    parser.add_argument("--scenario", action="append", choices=SCENARIOS, help="only this one; may be repeated")
    parser.add_argument("--keep", action="store_true", help="afterwards go on under load until interrupted")
    arguments = parser.parse_args()
    need_bubblewrap("the chart's pods")
    with private_folder("life") as folder:
        broker, redis = Broker(folder), Redis(folder, password=REDIS_PASSWORD)
        release = Release(folder, broker, redis, SlowDestination())
        try:
            redis.start()
            broker.start()
            run(release, arguments)
        finally:
            release.stop()
            broker.stop()
            redis.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
