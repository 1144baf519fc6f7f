# SPDX-License-Identifier: Apache-2.0
"""hikyakuctl on the log of a running (or stopped) relay."""
import json
import subprocess

from .cluster import PROJECT, Embedded, build_folder
from .mail import connect, content_for, transact
from .ops import ops_get
from .ports import free_port
from .process import Process, wait_until


def submit_for_id(port, rcpt):
    """The mail id that the 250 names."""
    client = connect(port)
    reply = transact(client, [rcpt], content_for(rcpt))
    client.quit()
    assert reply[0] == 250, reply
    return reply[1].decode().rsplit(" ", 1)[1]


class Ctl:
    """settings: those of the relay that the log's readers need as well (configurations)."""

    def __init__(self, relay, settings=()):
        if isinstance(relay, Embedded):
            self.options = ["--embedded", "-c", str(PROJECT / "examples/embedded.conf")]
            settings = [f'log.directory="{relay.directory}"', *settings]
        else:
            self.options = ["-c", str(PROJECT / "examples/cluster.conf")]
            settings = [f'log.brokers="{relay.broker.address}"', "log.replication=1", "log.min_insync=1", *settings]
        for setting in settings:
            self.options += ["--set", setting]

    def command(self, *words):
        return [str(build_folder() / "hikyakuctl"), *words, *self.options]

    def run(self, *words, status=0):
        """(standard output, standard error)"""
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == status, f"{words}: exit {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout, done.stderr

    def json(self, *words, status=0):
        return json.loads(self.run(*words, "--json", status=status)[0])

    def audit(self, *words):
        """The figures; the exit status must agree with them."""
        done = subprocess.run(self.command("audit", "--json", *words), capture_output=True, text=True, timeout=60,
                              check=False)
        assert done.stdout, done.stderr
        figures = json.loads(done.stdout)
        assert (done.returncode == 0) == (figures["balance_drift"] == 0), done
        return figures


class Auditor:
    """`hikyakuctl audit --follow` with its ops port."""

    def __init__(self, ctl, folder, *words):
        self.port = free_port()
        self.process = Process("auditor", ctl.command("audit", "--follow", "--listen", f"127.0.0.1:{self.port}", *words),
                               folder)

    def start(self):
        self.process.start()
        return self

    def page(self, path):
        return ops_get(self.port, path)

    def is_ready(self):
        return self.page("/readyz")[0] == 200

    def figure(self, name):
        """Of hikyaku_NAME; None: not told."""
        for line in self.page("/metrics")[1].splitlines():
            if line.startswith(f"hikyaku_{name} "):
                return float(line.rsplit(" ", 1)[1])
        return None

    def wait_for(self, name, value, seconds=30):
        wait_until(lambda: self.figure(name) == value, seconds,
                   f"{name} is {value}: {self.figure(name)}\n{self.process.tail()}")
