#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""From an earlier revision to this one and back, under load, one process after the other: at every moment some
processes are of the one and some of the other (docs/operations.md, Upgrade). Each revision runs with the settings
file of its own examples, as a chart would give it.

  upgrade.py cluster  [--revision REV] [--mails 1000]   two of each service, in the order of docs/operations.md
  upgrade.py embedded [--revision REV] [--mails 1000]   the single binary, on the log that the other one wrote

The revision's programs are built once, from git, into a cache folder: HIKYAKU_CACHE, or ~/.cache/hikyaku."""
import argparse
import os
import pathlib
import subprocess
import sys
import time

from kit.cluster import PROJECT, Cluster, Embedded, build_folder, private_folder
from kit.destination import Destination
from kit.ledger import Ledger
from kit.load import Load, conclude, submissions

# The last revision that was handed over: what an installation may run when this one comes to it.
HANDED_OVER = "d1123870"
NO_HISTORY = 77
RETRY = ['configurations=({retry={interval="linear"; a_s=2; period_s=3600;};})', "scheduler.rebuild_grace_ms=2000"]


class Revision:
    """A folder with sources, and the one with the programs made of them."""

    def __init__(self, name, sources, programs):
        self.name = name
        self.examples = sources / "examples"
        self.programs = programs

    def run(self, service):
        """From its next start on the service is of this revision."""
        program = pathlib.Path(service.process.command[0]).name
        service.process.command[0] = str(self.programs / program)
        service.process.command[2] = str(self.examples / pathlib.Path(service.process.command[2]).name)


def earlier(revision):
    """Builds it unless the cache has it; None where git does not know it."""
    found = subprocess.run(["git", "-C", str(PROJECT), "rev-parse", "--verify", "--quiet", revision + "^{commit}"],
                           capture_output=True, text=True, check=False).stdout.strip()
    if not found:
        return None
    cache = pathlib.Path(os.environ.get("HIKYAKU_CACHE", pathlib.Path.home() / ".cache" / "hikyaku"))
    folder = cache / "revisions" / found
    if not (folder / "built").exists():
        print(f"building {found[:8]}", flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        archive = subprocess.run(["git", "-C", str(PROJECT), "archive", found], capture_output=True, check=True).stdout
        subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)
        subprocess.run([str(folder / "scripts" / "build"), "release"], check=True, stdout=subprocess.DEVNULL)
        (folder / "built").touch()
    return Revision(found[:8], folder, folder / "build" / "release" / "bin")


def roll(services, revision, load, done):
    """One after the other: SIGTERM, the other revision in its place, mail is accepted again. Returns when and what."""
    moments = []
    for service in services:
        load.release(len(load.mails) // 20)
        moments.append((time.monotonic(), service.name))
        status = service.process.stop(40)
        assert status == 0, f"{service.name} ended with {status} after SIGTERM\n{service.process.tail()}"
        revision.run(service)
        service.start().wait_ready(90)
        done = load.wait_for_progress(done)
        print(f"  {service.name} is {revision.name}; {load.done} accepted", flush=True)
    return moments, done


def there_and_back(services, old, new, mails, ports, destination):
    load = Load(ports, mails)
    load.release(len(mails) // 20)
    done = load.wait_for_progress(0)
    forth, done = roll(services, new, load, done)
    back, done = roll(services, old, load, done)
    load.release(len(mails))
    load.finish()
    conclude(Ledger(mails), destination, forth + back, mails, "processes replaced")


def cluster(old, new, mails):
    destination = Destination()
    with private_folder("upgrade") as folder:
        nodes = Cluster(folder, destination, count=2, settings=[*RETRY, "log.session_timeout_ms=6000"])
        in_order = [service for role in ("ingress", "sender", "scheduler", "bouncer") for service in nodes.of(role)]
        for service in in_order:
            old.run(service)
        with nodes:
            there_and_back(in_order, old, new, mails, nodes.smtp_ports, destination)


def embedded(old, new, mails):
    destination = Destination()
    with private_folder("upgrade-embedded") as folder:
        node = Embedded(folder, destination, RETRY)
        old.run(node.service)
        with node:
            there_and_back([node.service], old, new, mails, node.smtp_ports, destination)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("cluster", "embedded"))
    parser.add_argument("--revision", default=HANDED_OVER)
    parser.add_argument("--mails", type=int, default=1000)
    arguments = parser.parse_args()
    old = earlier(arguments.revision)
    if old is None:
        print(f"no revision {arguments.revision} in this clone: fetch the history to run this test")
        sys.exit(NO_HISTORY)
    new = Revision("this one", PROJECT, build_folder())
    {"cluster": cluster, "embedded": embedded}[arguments.what](old, new, list(submissions(arguments.mails)))


if __name__ == "__main__":
    main()
