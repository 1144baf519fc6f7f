#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One real Kafka broker for tests and measurements: a KRaft node on free loopback ports in a folder
of its own. Python's standard library only; the jars come by Maven (pom.xml) into a cache.

  broker.py fetch                      get the jars, print their folder
  broker.py run --dir D [--port P]     in the foreground; prints "ready PORT"
  broker.py with [--dir D] -- COMMAND  run COMMAND with a broker; its exit code is ours

COMMAND finds the broker in HIKYAKU_KAFKA (host:port) and may control it through the unix socket in
HIKYAKU_KAFKA_CONTROL: one line (kill, stop, start, freeze, thaw), one line of answer ("ok")."""
import argparse
import fcntl
import os
import pathlib
import shutil
import signal
import socket
import socketserver
import struct
import subprocess
import sys
import tempfile
import threading
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from kit.ports import free_port  # noqa: E402 (the path comes first)
from kit.process import die_with_parent, wait_until  # noqa: E402

# After kill -9 the controller keeps the old broker's registration for its session timeout (default 9 s):
# a shorter one lets it start again sooner.
CONFIGURATION = """\
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=127.0.0.1:{controller_port}
log.dirs={data}
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
auto.create.topics.enable=false
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.cleaner.dedupe.buffer.size=4194304
log.cleaner.backoff.ms=500
log.index.size.max.bytes=1048576
num.io.threads=4
num.network.threads=2
"""
SMALL = ["-Xmx512m", "-Xms96m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]
# On few cores the second compiler costs more than its code saves, also after 50,000 mails (docs/performance.md).
FAST = ["-Xmx1g", "-Xms512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]


def cache_folder():
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "hikyaku" / "kafka"


def fetch_jars():
    """The folder with the jars; filled at the first call on a machine. Safe to call at once."""
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    # Another pom.xml is another folder: a cache never goes stale.
    digest = uuid.uuid5(uuid.NAMESPACE_OID, (HERE / "pom.xml").read_text()).hex[:12]
    jars = cache / f"jars-{digest}"
    with open(cache / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not jars.is_dir():
            partial = pathlib.Path(tempfile.mkdtemp(dir=cache))
            subprocess.run(
                ["mvn", "-q", "-B", "-Dstyle.color=never", "-f", str(HERE / "pom.xml"), "dependency:copy-dependencies",
                 f"-DoutputDirectory={partial}"], check=True, stdout=sys.stderr)
            partial.rename(jars)
    return jars


def answers(port):
    """Whether a broker answers an ApiVersions request (key 18, version 0)."""
    request = struct.pack(">hhih", 18, 0, 1, -1)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            return len(connection.recv(8)) == 8
    except OSError:
        return False


class Broker:
    """Keeps ports and data over stop, kill and start."""

    def __init__(self, folder, port=0, is_fast=False, properties=None):
        self.folder = pathlib.Path(folder)
        self.port = port or free_port()
        self.process = None
        self.java = ["java", *(FAST if is_fast else SMALL), "-cp", f"{fetch_jars()}/*"]
        self.configuration = self.folder / "server.properties"
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.configuration.exists():
            self._format(pathlib.Path(properties).read_text() if properties else "")

    def _format(self, properties):
        quorum = [] if "controller.quorum.voters=" in properties else ["--standalone"]
        self.configuration.write_text(CONFIGURATION.format(
            port=self.port, controller_port=free_port(), data=self.folder / "data") + properties)
        subprocess.run(
            [*self.java, "kafka.tools.StorageTool", "format", *quorum,
             "-t", "hikyaku-test-cluster-a", "-c", str(self.configuration)],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder)

    def start(self, timeout_s=60):
        with open(self.folder / "broker.log", "ab") as log:
            self.process = subprocess.Popen(
                [*self.java, "kafka.Kafka", str(self.configuration)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                preexec_fn=die_with_parent)
        wait_until(self._is_up, timeout_s, f"the broker answers: see {self.folder}/broker.log")

    def _is_up(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"the broker ended at once: see {self.folder}/broker.log")
        return answers(self.port)

    def _end(self, number):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(number)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def stop(self):
        self._end(signal.SIGTERM)

    def kill(self):
        self._end(signal.SIGKILL)

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)


def serve_control(broker, path):
    """Answers control lines on a unix socket, one connection each, in the background."""
    verbs = {"kill": broker.kill, "stop": broker.stop, "start": broker.start,
             "freeze": broker.freeze, "thaw": broker.thaw}

    class Control(socketserver.StreamRequestHandler):
        def handle(self):
            verb = self.rfile.readline().decode("ascii", "replace").strip()
            try:
                verbs[verb]()
                answer = "ok"
            except Exception as error:  # the answer goes to the test, whatever it was
                answer = f"failed: {error!r}"
            self.wfile.write((answer + "\n").encode())

    pathlib.Path(path).unlink(missing_ok=True)  # of one that was killed
    server = socketserver.UnixStreamServer(str(path), Control)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def run(arguments):
    broker = Broker(arguments.dir, arguments.port, arguments.fast, arguments.properties)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        broker.start()
        if arguments.control:
            serve_control(broker, arguments.control)
        if arguments.port_file:
            partial = pathlib.Path(arguments.port_file + ".partial")
            partial.write_text(f"{broker.port}\n")
            partial.rename(arguments.port_file)
        print(f"ready {broker.port}", flush=True)
        while not ended.wait(0.5):
            if not arguments.control and broker.process.poll() is not None:
                print(f"the broker has ended: see {broker.folder}/broker.log", file=sys.stderr)
                return 1
        return 0
    finally:
        broker.stop()


def run_with(arguments):
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    folder = pathlib.Path(arguments.dir or tempfile.mkdtemp(prefix="hikyaku-kafka-"))
    broker = Broker(folder, is_fast=arguments.fast)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        broker.start()
        control = folder / "control"
        serve_control(broker, control)
        environment = {**os.environ, "HIKYAKU_KAFKA": f"127.0.0.1:{broker.port}",
                       "HIKYAKU_KAFKA_CONTROL": str(control)}
        return subprocess.run(command, env=environment, check=False,
                              preexec_fn=die_with_parent).returncode
    finally:
        broker.kill()
        if not arguments.dir:
            shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("fetch")
    one = verbs.add_parser("run")
    one.add_argument("--dir", required=True)
    one.add_argument("--port", type=int, default=0)
    one.add_argument("--port-file")
    one.add_argument("--properties", help="file with further server properties")
    one.add_argument("--control", help="path of a unix socket to be controlled through")
    one.add_argument("--fast", action="store_true", help="more heap, for measurements")
    two = verbs.add_parser("with")
    two.add_argument("--dir")
    two.add_argument("--fast", action="store_true")
    two.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    if arguments.verb == "fetch":
        print(fetch_jars())
        return 0
    return run(arguments) if arguments.verb == "run" else run_with(arguments)


if __name__ == "__main__":
    sys.exit(main())
