#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the processes say about the log, Redis, their settings and themselves, and what is left when nothing is
counted, published or logged.

  figures.py embedded|cluster ..."""
import hashlib
import os
import re
import signal
import sys
import time

from kit.cluster import PROJECT, Cluster, Embedded, private_folder
from kit.ctl import Ctl, submit_for_id
from kit.destination import Destination
from kit.mail import submit
from kit.process import wait_until

MAILS = 20
OFF = ["service.metrics=false", "service.events=false", 'logging.level="error"']


class Node:
    """Either kind of relay on a file of its own."""

    def __init__(self, kind, folder, destination, settings=()):
        self.path = os.path.join(folder, "live.conf")
        self.text = (PROJECT / "examples" / f"{kind}.conf").read_text(encoding="utf-8")
        self.write(self.text)
        settings = ["sender.hostname=relay.example", *settings]
        self.relay = Embedded(folder, destination, settings, self.path) if kind == "embedded" else \
            Cluster(folder, destination, 1, settings, self.path)
        self.services = [self.relay.service] if kind == "embedded" else list(self.relay.services.values())

    def __enter__(self):
        self.relay.__enter__()
        return self

    def __exit__(self, *failure):
        return self.relay.__exit__(*failure)

    def write(self, text):
        with open(self.path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(self.path + ".new", self.path)

    def sum(self, series):
        """Over all processes, of the series whose line matches."""
        pattern = re.compile(f"^hikyaku_{series} (\\S+)$", re.MULTILINE)
        pages = (service.get("/metrics")[1] for service in self.services)
        return sum(float(value) for page in pages for value in pattern.findall(page))


def deliver(node, destination, prefix):
    for number in range(MAILS):
        submit(node.relay.smtp_ports[0], f"ok-{prefix}-{number}@dest.example")
    submit(node.relay.smtp_ports[0], f"gone-{prefix}@dest.example")
    destination.wait_for(lambda d: len(d.arrivals) >= MAILS + 1, 60, "the mails and a report have arrived")


def check_log(node):
    counts = (r'bus_produced_total\{[^}]*topic="work",result="ok"\}',
              r'bus_produce_duration_seconds_count\{topic="work"\}')
    for series in counts:  # taken over once a second; the report is a mail, too
        wait_until(lambda s=series: node.sum(s) >= MAILS + 2, 30, series)
    assert 0 < node.sum(r'bus_produce_duration_seconds_sum\{topic="work"\}') < 60
    wait_until(lambda: node.sum(r'bus_consumer_lag_records\{topic="work",partition="\d+"\}') == 0, 30, "no lag")
    wait_until(lambda: node.sum(r'bus_oldest_unconsumed_seconds\{topic="work"\}') == 0, 30, "nothing waits")
    assert node.sum(r'bus_retention_seconds\{topic="failure"\}') >= 7 * 86400
    assert node.sum(r'bus_errors_total\{[^}]*\}') == 0


def check_brokers(node):
    wait_until(lambda: node.sum(r'bus_broker_rtt_seconds\{role="\w+",broker="127.0.0.1:\d+"\}') > 0, 30, "a round trip")
    for service in node.services:
        assert service.metric("hikyaku_bus_broker_rtt_seconds") < 5, service.name


def check_redis(node):
    for operation in ("PING", "timer_pop"):
        wait_until(lambda op=operation: node.sum(
            f'redis_operation_duration_seconds_count\\{{op="{op}",result="ok"\\}}') > 0, 30, operation)
    assert node.sum(r'redis_operation_duration_seconds_count\{op="\w+",result="error"\}') == 0


def check_revision(node):
    def is_everywhere():
        with open(node.path, "rb") as file:
            expected = int(hashlib.sha256(file.read()).hexdigest()[:12], 16)
        return all(f'\nhikyaku_config_revision{{config="live.conf"}} {expected}\n' in service.get("/metrics")[1]
                   for service in node.services)
    assert is_everywhere()
    node.write(node.text + "# the same settings\n")
    for service in node.services:
        service.process.signal(signal.SIGHUP)
    wait_until(is_everywhere, 30, "the revision of the file that was read again")


def check_process(node):
    for service in node.services:
        assert 0 < time.time() - service.metric("hikyaku_process_start_time_seconds") < 600, service.name
    page = node.services[0].get("/metrics")[1]
    assert re.search(r"^hikyaku_process_cpu_seconds_total \d+\.\d{6}$", page, re.MULTILINE), page


def check_off(node, destination, kind):
    for service in node.services:
        status, page = service.get("/metrics")
        assert status == 404 and "service.metrics is false" in page, (status, page)
    mail_id = submit_for_id(node.relay.smtp_ports[0], "ok-traced@dest.example")
    deliver(node, destination, "off")
    destination.wait_for(lambda d: d.to("ok-traced@dest.example"), 30, "delivered")
    for service in node.services:
        with open(service.process.log_path, encoding="utf-8") as log:
            lines = log.read()
        assert not re.search(r'"event":"(accepted|delivered|failed|bounced)"', lines), lines
    return mail_id


def run(kind):
    with private_folder("figures") as folder, Destination() as destination:
        with Node(kind, folder, destination) as node:
            deliver(node, destination, "on")
            check_log(node)
            if kind == "cluster":
                check_brokers(node)
            check_redis(node)
            check_process(node)
            check_revision(node)
    with private_folder("figures-off") as folder, Destination() as destination:
        with Node(kind, folder, destination, OFF) as node:
            mail_id = check_off(node, destination, kind)
            told = "".join(Ctl(node.relay).run("trace", mail_id, status=1))
            assert "the event log is empty" in told, told
    print(f"{kind}: the figures are there, and away when they are off")


def main():
    for kind in sys.argv[1:] or ["embedded"]:
        run(kind)


if __name__ == "__main__":
    main()
