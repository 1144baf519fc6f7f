#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a mail takes in the log and a waiting parcel in Redis: the sizes in docs/operations.md, Capacity.

  bench/capacity.py [--mails 2000] [--size 1024]   HIKYAKU_BUILD: the folder with the programs"""
import argparse
import base64
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "system"))
from kit.cluster import Cluster, Embedded, private_folder  # noqa: E402
from kit.destination import Destination  # noqa: E402
from kit.ledger import Submission  # noqa: E402
from kit.load import Load  # noqa: E402
from kit.process import wait_until  # noqa: E402

SETTLE_S = 120
LOOKS = 50  # 1 s
CLEANER_LOOKS = 600  # the embedded log counts its pages every few seconds


def send(ports, kind, count, size):
    """Mails whose recipients' local part begins with kind; their mean size on the wire. Their text is random,
    in base64: the log compresses, and repeated sentences would flatter it."""
    mails = [Submission(number, f"{kind}-{number}@d{number % 50}.dest.example", 0) for number in range(count)]
    for mail in mails:
        mail.content += base64.encodebytes(os.urandom(size * 3 // 4)).replace(b"\n", b"\r\n")
    load = Load(ports, mails)
    load.release(count)
    load.finish()
    return sum(len(mail.content) for mail in mails) / count


def steady(measure, looks=LOOKS):
    """The figure once it has not changed over some looks: the last records and commits are in it."""
    seen = []

    def is_steady():
        seen.append(measure())
        return len(seen) >= looks and len(set(map(str, seen[-looks:]))) == 1
    wait_until(is_steady, SETTLE_S, "the sizes stop changing")
    return seen[-1]


def topic_bytes(folder):
    """Bytes of the records on disk, per topic of ours."""
    found = {}
    for segment in pathlib.Path(folder, "kafka").rglob("hikyaku.*/*.log"):
        topic = segment.parent.name.rsplit("-", 1)[0]
        found[topic] = found.get(topic, 0) + segment.stat().st_size
    return found


def redis_bytes(redis):
    """Memory of all keys, by Redis' own count of each."""
    keys = int(redis.command("EVAL", "return #redis.call('KEYS', '*')", 0)[1:])
    total = int(redis.command("EVAL", "local n = 0 for _, k in ipairs(redis.call('KEYS', '*')) do "
                              "n = n + redis.call('MEMORY', 'USAGE', k, 'SAMPLES', 0) end return n", 0)[1:])
    return keys, total


def per_mail(before, after, count):
    return {topic: (after[topic] - before.get(topic, 0)) / count for topic in sorted(after)
            if after[topic] != before.get(topic, 0)}


def tell(what, size, figures):
    print(f"{what}: mails of {size:.0f} bytes")
    for name, value in figures.items():
        print(f"  {name:<24} {value:10.0f} bytes per mail")
    print(f"  {'all':<24} {sum(figures.values()):10.0f}", flush=True)


def cluster(count, size):
    destination = Destination()
    with private_folder("capacity") as folder, Cluster(folder, destination, count=1) as nodes:
        def logs():
            return topic_bytes(folder)

        before = steady(logs)
        sent = send(nodes.smtp_ports, "ok", count, size)
        destination.wait_for(lambda ledger: len(ledger.arrivals) >= count, SETTLE_S, "all delivered")
        delivered = steady(logs)
        tell("Kafka, delivered at once", sent, per_mail(before, delivered, count))
        _, idle = redis_bytes(nodes.redis)
        sent = send(nodes.smtp_ports, "busy", count, size)
        destination.wait_for(lambda ledger: len(ledger.refusals) >= count, SETTLE_S, "all deferred")
        deferred = steady(logs)
        tell("Kafka, waiting for its second attempt", sent, per_mail(delivered, deferred, count))
        keys, busy = redis_bytes(nodes.redis)
        print(f"Redis: {(busy - idle) / count:.0f} bytes per waiting parcel ({keys} keys)", flush=True)


def embedded(count, size):
    destination = Destination()
    with private_folder("capacity-embedded") as folder, Embedded(folder, destination) as node:
        def stored():
            return node.service.metric("hikyaku_bus_stored_bytes")

        before = steady(stored, CLEANER_LOOKS)
        sent = send(node.smtp_ports, "busy", count, size)
        destination.wait_for(lambda ledger: len(ledger.refusals) >= count, SETTLE_S, "all deferred")
        tell("embedded, waiting for its second attempt", sent, {"log": (steady(stored, CLEANER_LOOKS) - before) / count})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mails", type=int, default=2000)
    parser.add_argument("--size", type=int, default=1024)
    arguments = parser.parse_args()
    cluster(arguments.mails, arguments.size)
    embedded(arguments.mails, arguments.size)


if __name__ == "__main__":
    main()
