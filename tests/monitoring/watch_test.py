#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""hikyakuctl metrics, trace and audit on a running cluster: one mail's history, the balance of all mail, and a
record removed on purpose."""
import json
import pathlib
import subprocess
import sys
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))

from kit.cluster import PROJECT, Cluster, build_folder, private_folder  # noqa: E402
from kit.destination import Destination  # noqa: E402
from kit.ports import free_port  # noqa: E402
from kit.process import Process, wait_until  # noqa: E402
from kit.mail import connect, content_for, transact  # noqa: E402

CONFIGURATION = 'configurations=({name="default"; retry={interval="linear"; a_s=2; period_s=60;};})'


def submit(port, rcpt):
    """The mail id that the 250 names."""
    client = connect(port)
    reply = transact(client, [rcpt], content_for(rcpt))
    client.quit()
    assert reply[0] == 250, reply
    return reply[1].decode().rsplit(" ", 1)[1]


class Ctl:
    def __init__(self, broker):
        self.options = ["-c", str(PROJECT / "examples" / "cluster.conf"), "--set", f'log.brokers="{broker.address}"',
                        "--set", "log.replication=1", "--set", "log.min_insync=1", "--set", CONFIGURATION]

    def command(self, *words):
        return [str(build_folder() / "hikyakuctl"), *words, *self.options]

    def run(self, *words, status=0):
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == status, f"{words}: exit {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout

    def json(self, *words, status=0):
        return json.loads(self.run(*words, "--json", status=status))


def kinds(events):
    return [event["type"].rsplit(".", 1)[1] for event in events]


def check_trace(ctl, ids):
    assert kinds(ctl.json("trace", ids["ok"])) == ["accepted", "delivered"]
    late = ctl.json("trace", ids["grey"])
    assert kinds(late)[0] == "accepted" and kinds(late)[-1] == "delivered" and "deferred" in kinds(late), kinds(late)
    gone = ctl.json("trace", ids["gone"])
    assert kinds(gone) == ["accepted", "failed", "bounced"], kinds(gone)
    report = next(event["data"]["report_id"] for event in gone if "report_id" in event["data"])
    assert "delivered" in kinds(ctl.json("trace", report)), "the report is a mail of its own"
    table = ctl.run("trace", ids["gone"])
    for text in ("550 5.1.1", "gone@dest.example", report, "ingress-1", "bouncer-"):
        assert text in table, f"{text!r} is not in\n{table}"
    ctl.run("trace", "no-such-mail", status=1)


def check_metrics(ctl, cluster):
    sender = cluster.of("sender")[0]
    address = f"127.0.0.1:{sender.ops_port}"
    command = [str(build_folder() / "hikyakuctl"), "metrics", "--address", address]
    table = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
    assert "\nsender\n" in table and "sender_stage_seconds" in table and "99 %" in table, table
    nodes = json.loads(subprocess.run([*command, "--wait", "1", "--json"], capture_output=True, text=True, timeout=30,
                                      check=True).stdout)
    figures = {row["name"]: row for row in nodes[0]["metrics"]}
    assert figures["hikyaku_sender_stage_seconds"]["type"] == "histogram"
    assert "rate" in figures["hikyaku_bus_consumed_total"] and "rate" not in figures["hikyaku_ready"]
    silent = [*command[:-1], f"127.0.0.1:{free_port()}"]
    assert subprocess.run(silent, capture_output=True, timeout=30, check=False).returncode == 1


def copy_events(broker, ctl, without):
    """The event topic under another prefix, with one record left out."""
    ctl.run("topics", "apply", "--set", 'log.topic_prefix="copy."')
    read = subprocess.run(["kcat", "-C", "-q", "-e", "-b", broker.address, "-t", "hikyaku.event", "-f", "%k\t%s\n"],
                          capture_output=True, text=True, timeout=60, check=True)
    records = read.stdout.splitlines()
    kept = [record for record in records if not without(json.loads(record.split("\t", 1)[1]))]
    assert len(kept) == len(records) - 1, f"{len(kept)} of {len(records)}"
    subprocess.run(["kcat", "-P", "-b", broker.address, "-t", "copy.event", "-K", "\t"], input="\n".join(kept),
                   text=True, timeout=60, check=True)


def is_event(mail_id, kind):
    return lambda event: event["subject"] == mail_id and event["type"].endswith("." + kind)


def audit_of(ctl, options):
    done = subprocess.run(ctl.command("audit", "--json", *options), capture_output=True, text=True, timeout=60,
                          check=False)
    figures = json.loads(done.stdout)
    assert (done.returncode == 0) == (figures["balance_drift"] == 0), done
    return figures


def check_removed(broker, ctl, ids):
    """Under another prefix there are no work records: an acceptance is proven by its event alone."""
    copy_events(broker, ctl, is_event(ids["ok"], "accepted"))
    wait_until(lambda: audit_of(ctl, ["--set", 'log.topic_prefix="copy."'])["unproven"] >= 1, 30,
               "a delivery that nobody accepted")


def check_follow(ctl, folder):
    port = free_port()
    process = Process("audit", ctl.command("audit", "--follow", "--listen", f"127.0.0.1:{port}"), folder)
    process.start()

    def page():
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            return ""
    wait_until(lambda: "hikyaku_open_mails 0\n" in page(), 30, "the audit is served")
    assert "hikyaku_balance_drift 0\n" in page() and "hikyaku_oldest_open_seconds 0\n" in page(), page()
    assert process.stop(20) == 0, process.tail()


def main():
    destination = Destination()
    with private_folder("watch") as folder:
        with Cluster(folder, destination, count=1, settings=[CONFIGURATION, "scheduler.rebuild_grace_ms=1000"]) as cluster:
            ctl = Ctl(cluster.broker)
            ids = {name: submit(cluster.smtp_ports[0], f"{name}@dest.example") for name in ("ok", "grey", "gone")}
            destination.wait_for(lambda d: len(d.arrivals) >= 3, 60, "two mails and a report")
            wait_until(lambda: audit_of(ctl, [])["open"] == 0, 30, "nothing is open")
            figures = audit_of(ctl, [])
            assert figures["balance_drift"] == 0 and figures["refused_mails"] == 0, figures
            assert (figures["accepted"], figures["delivered"], figures["failed"]) == (4, 3, 1), figures
            check_trace(ctl, ids)
            check_metrics(ctl, cluster)
            check_follow(ctl, folder)
            check_removed(cluster.broker, ctl, ids)
    print("traced three mails and a report; drift 0, and not 0 without one record")


if __name__ == "__main__":
    main()
