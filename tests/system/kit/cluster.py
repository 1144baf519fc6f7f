# SPDX-License-Identifier: Apache-2.0
"""A whole cluster on loopback (Kafka, Redis, n processes of each service), or the single binary."""
import contextlib
import os
import pathlib
import shutil
import signal
import sys
import tempfile

from .ops import ops_get
from .ports import free_port
from .process import Process, is_listening, wait_until
from .redis import Redis

PROJECT = pathlib.Path(__file__).resolve().parents[3]
ROLES = ("ingress", "scheduler", "sender", "bouncer")


def build_folder():
    """Given by ctest; the folder with the programs."""
    return pathlib.Path(os.environ.get("HIKYAKU_BUILD", PROJECT / "build" / "tests" / "bin"))


@contextlib.contextmanager
def private_folder(name):
    folder = tempfile.mkdtemp(prefix=f"hikyaku-{name}-")
    try:
        yield folder
    except BaseException:
        for log in sorted(pathlib.Path(folder).glob("*.log")):
            tail = log.read_text(errors="replace").splitlines()[-12:]
            print(f"--- {log.name}", *tail, sep="\n", file=sys.stderr)
        raise
    finally:
        if not os.environ.get("HIKYAKU_KEEP"):
            shutil.rmtree(folder, ignore_errors=True)


class Service:
    """A hikyaku program with its ops port."""

    def __init__(self, name, program, configuration, settings, folder):
        self.ops_port = free_port()
        settings = [f'service.ops_address="127.0.0.1:{self.ops_port}"', f'service.name="{name}"', *settings]
        command = [str(build_folder() / program), "-c", str(PROJECT / "examples" / configuration)]
        for setting in settings:
            command += ["--set", setting]
        self.name = name
        self.process = Process(name, command, folder)

    def start(self):
        self.process.start()
        return self

    def get(self, path):
        return ops_get(self.ops_port, path)

    def is_ready(self):
        return self.get("/readyz")[0] == 200

    def wait_ready(self, seconds=60):
        def ready():
            assert self.process.is_running(), f"{self.name} ended\n{self.process.tail()}"
            return self.is_ready()
        wait_until(ready, seconds, f"{self.name} is ready: {self.get('/readyz')}")
        return self

    def metric(self, name):
        """The sum over all series of a metric."""
        total = 0.0
        for line in self.get("/metrics")[1].splitlines():
            if line.startswith(name + "{") or line.startswith(name + " "):
                total += float(line.rsplit(" ", 1)[1])
        return total


class Broker:
    """One Kafka node through tests/system/kafka/broker.py, on a fixed port, killed and restarted."""
    topics = ("log.replication=1", "log.min_insync=1")

    def __init__(self, folder, name="kafka"):
        self.port = free_port()
        data = os.path.join(folder, name)
        self.process = Process(name, [sys.executable, str(PROJECT / "tests/system/kafka/broker.py"), "run",
                                         "--dir", data, "--port", str(self.port)], folder)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        self.process.start()
        wait_until(lambda: is_listening(self.port), 60, "Kafka listens")
        return self

    def kill(self):
        self.process.kill()

    def stop(self):
        if self.process.is_running():
            self.process.kill()


def kafka_settings(broker, redis):
    return [f'log.brokers="{broker.address}"', f'redis.address="{redis.address}"']


def route_to(destination):
    """All mail to that destination; None: wherever DNS says."""
    return [f'routes.[0].hosts=["{destination.host_port}"]'] if destination else []


class Cluster:
    """Kafka, Redis and `count` processes of each service. settings: for all of them. configuration: a
    file of the examples, or any other by its absolute path. broker: None, one node."""
    security = ()  # settings without which the broker lets nobody in

    def __init__(self, folder, destination, count=2, settings=(), configuration="cluster.conf", broker=None):
        self.folder = folder
        self.configuration = configuration
        self.broker = broker or Broker(folder)
        self.redis = Redis(folder)
        self.smtp_ports = []
        self.services = {}
        self.settings = [*route_to(destination), *settings]
        for role in ROLES:
            for number in range(1, count + 1):
                self._add(role, f"{role}-{number}")

    def _add(self, role, name):
        own = [*kafka_settings(self.broker, self.redis), *self.settings, f'log.instance_id="{name}"']
        if role == "ingress":
            port = free_port()
            self.smtp_ports.append(port)
            own.append(f"listeners.[0].port={port}")
        self.services[name] = Service(name, f"hikyaku-{role}", self.configuration, own, self.folder)

    def of(self, role):
        return [service for name, service in self.services.items() if name.startswith(role)]

    def run_topics(self, security, wait_s, verb="apply"):
        """The exit status of `hikyakuctl topics apply`; what it says is in topics.log. security: settings."""
        command = [str(build_folder() / "hikyakuctl"), "topics", verb, "-c",
                   str(PROJECT / "examples" / "cluster.conf"), "--wait", str(wait_s)]
        for setting in (f'log.brokers="{self.broker.address}"', *self.broker.topics, *security):
            command += ["--set", setting]
        return Process("topics", command, self.folder).start().wait(120)

    def apply_topics(self, wait_s=60):
        assert self.run_topics(self.security, wait_s) == 0, "see topics.log"

    def __enter__(self):
        self.redis.start()
        self.broker.start()
        self.apply_topics()
        for service in self.services.values():
            service.start()
        for service in self.services.values():
            service.wait_ready(90)
        return self

    def _drain(self):
        """SIGTERM to all at once; those that did not end well."""
        running = [service.process for service in self.services.values() if service.process.is_running()]
        for process in running:
            process.signal(signal.SIGTERM)
        return [process for process in running if process.wait_for_end(40) != 0]

    def __exit__(self, failure, *_):
        try:
            stuck = self._drain()
            assert failure or not stuck, f"did not end with 0 after SIGTERM: {[p.name for p in stuck]}"
        finally:
            self.broker.stop()
            self.redis.stop()


class Embedded:
    """The single binary on the embedded log."""

    def __init__(self, folder, destination, settings=(), configuration="embedded.conf"):
        self.smtp_port = free_port()
        self.smtp_ports = [self.smtp_port]
        self.directory = os.path.join(folder, "log")
        self.service = Service("hikyaku", "hikyaku", configuration,
                               [f'log.directory="{self.directory}"', f"listeners.[0].port={self.smtp_port}",
                                *route_to(destination), *settings], folder)

    def of(self, _role):
        """The one process has every role."""
        return [self.service]

    def __enter__(self):
        self.service.start().wait_ready(60)
        return self

    def __exit__(self, failure, *_):
        process = self.service.process
        if process.popen and process.is_running():
            status = process.stop(30)
            assert failure or status == 0, f"hikyaku ended with {status} after SIGTERM\n{process.tail(40)}"


def relay(kind, folder, destination, settings=()):
    """kind: embedded, or cluster with one process of each service."""
    return Embedded(folder, destination, settings) if kind == "embedded" else \
        Cluster(folder, destination, 1, settings)
