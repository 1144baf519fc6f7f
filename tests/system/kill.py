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
from kit.ledger import Ledger
from kit.load import Load, conclude, submissions

RETRY = ['configurations=({retry={interval="linear"; a_s=2; period_s=3600;};})', "scheduler.rebuild_grace_ms=2000",
         "scheduler.lease_ms=5000"]
CLUSTER = [*RETRY, "log.session_timeout_ms=6000", "log.publish_timeout_ms=10000"]
RECOVERY_S = 0.8
BURST_S = 0.15


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
