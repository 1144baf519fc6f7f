#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Three Kafka nodes, three replicas, two of which must have a record: what 250 promises while nodes die.

Each node in turn is killed under load, and mail goes on meanwhile; one stands still (SIGSTOP) and comes back; two
are away at once, and there is no 250 until one of them is back. Nothing is lost."""
import threading
import time

from kit.cluster import Cluster, private_folder
from kit.destination import Destination
from kit.ledger import Ledger
from kit.load import Load, conclude, submissions
from kit.process import wait_until
from kit.quorum import Quorum

MAILS = 1000
SETTINGS = ['configurations=({retry={interval="linear"; a_s=2; period_s=3600;};})', "scheduler.rebuild_grace_ms=2000",
            "log.session_timeout_ms=6000", "log.publish_timeout_ms=5000"]
AWAY_S = 7  # longer than a publication may take


class Trial:
    def __init__(self, cluster, mails):
        self.cluster = cluster
        self.load = Load(cluster.smtp_ports, mails)
        self.faults = []
        self.released = 0

    def fault(self, node, what):
        self.faults.append((time.monotonic(), node.process.name))
        what()

    def release(self, count):
        self.released += count
        self.load.release(count)

    def flow(self, count=0):
        """So many more mails, until all of them have their 250; the seconds it took."""
        begun = time.monotonic()
        self.release(count)
        wait_until(lambda: self.load.done == self.released, 60, lambda: f"{self.released} 250s: {self.load.done}")
        return time.monotonic() - begun

    def wait_in_sync(self, wanted=True):
        """What `hikyakuctl topics check` tells an operator: whether each replica has everything."""
        wait_until(lambda: (self.cluster.run_topics((), 10, "check") == 0) == wanted, 60,
                   f"all replicas are in sync: {wanted}")


def kill_in_turn(trial, share):
    for node in trial.cluster.broker.nodes:
        trial.flow(share)
        trial.fault(node, node.kill)
        took_s = trial.flow(share)
        trial.wait_in_sync(False)
        node.start()
        trial.wait_in_sync()
        print(f"  {node.process.name} killed: {share} mails accepted meanwhile, the last after {took_s:.1f} s", flush=True)


def freeze(trial, share):
    node = trial.cluster.broker.nodes[0]
    trial.fault(node, lambda: node.ask("freeze"))
    took_s = trial.flow(share)
    node.ask("thaw")
    trial.wait_in_sync()
    print(f"  {node.process.name} frozen: {share} mails accepted meanwhile, the last after {took_s:.1f} s", flush=True)


def refuse_without_replicas(trial, share):
    first, second, _ = trial.cluster.broker.nodes
    for node in (first, second):
        trial.fault(node, node.kill)
    before = trial.load.done
    trial.release(share)
    threading.Event().wait(AWAY_S)
    accepted = trial.load.done - before
    assert accepted == 0, f"{accepted} mails got a 250 with one replica of three"
    refused = sum(mail.uncertain for mail in trial.load.mails)
    assert refused > 0, "no client was told to try again"
    for ingress in trial.cluster.of("ingress"):
        assert ingress.process.is_running() and ingress.is_ready(), "an ingress left its Service"
    first.process.start()
    took_s = trial.flow()
    print(f"  two nodes away for {AWAY_S} s: no 250, {refused} tempfails; all {share} accepted "
          f"{took_s:.1f} s after the start of one", flush=True)
    second.start()
    trial.wait_in_sync()


def main():
    mails = list(submissions(MAILS))
    destination = Destination()
    share = MAILS // 10
    with private_folder("replicas") as folder, \
            Cluster(folder, destination, 2, SETTINGS, broker=Quorum(folder)) as cluster:
        trial = Trial(cluster, mails)
        kill_in_turn(trial, share)
        freeze(trial, share)
        refuse_without_replicas(trial, share)
        trial.load.release(MAILS)
        trial.load.finish()
        conclude(Ledger(mails), destination, trial.faults, mails, "nodes killed or frozen")


if __name__ == "__main__":
    main()
