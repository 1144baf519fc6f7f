#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Secrets and settings that are replaced under load, as a cluster replaces mounted ones, with no signal and no
restart: 0 lost. (Checklist 7 and 8 of the operations specification.)

  rotation.py settings|cluster ..."""
import json
import os
import pathlib
import re
import shutil
import sys
import time

from kit.certificate import Certificate
from kit.cluster import PROJECT, Cluster, Embedded, private_folder
from kit.destination import Destination
from kit.ledger import Ledger
from kit.load import Load, conclude, submissions
from kit.mail import submit
from kit.mounted import Mounted
from kit.process import wait_until
from kit.secure import SecureBroker, SecureRedis, read

MAILS = 1200
SHARE = MAILS // 4
LOGINS = {"hikyaku": "kafka-old", "later": "kafka-new"}
WATCH = "service.watch_s=1"


def new_certificate(folder, name):
    own = os.path.join(folder, name)
    os.makedirs(own)
    return Certificate(own)


class MailRedis(SecureRedis):
    """With a user of its own for the services, which find it by name, as they find a Service."""

    def __init__(self, folder, certificate, password):
        super().__init__(folder, certificate)
        self.process.command += ["--user", "mail", "on", ">" + password, "~*", "+@all"]

    @property
    def address(self):
        return f"localhost:{self.tls_port}"


class SecureCluster(Cluster):
    def __init__(self, folder, destination, secrets):
        self.secrets = secrets
        names = {"ssl.certificate.location": "tls.crt", "ssl.key.location": "tls.key", "ssl.ca.location": "ca.crt"}
        options = ["security.protocol=SASL_SSL", "sasl.mechanisms=PLAIN",
                   *(f"{name}={secrets.path(file)}" for name, file in names.items())]
        login = [f"sasl.{name}={secrets.path('kafka-' + name)}" for name in ("username", "password")]
        self.security = [f"log.librdkafka={json.dumps(options)}", f"log.librdkafka_files={json.dumps(login)}"]
        super().__init__(folder, destination, 1, [
            *self.security, WATCH, "log.session_timeout_ms=6000", "scheduler.rebuild_grace_ms=1000",
            "scheduler.lease_ms=5000", "redis.tls=true", 'redis.username="mail"',
            f'redis.tls_ca="{secrets.path("redis-ca.crt")}"', f'redis.password_file="{secrets.path("redis-password")}"',
            'configurations=({retry={interval="linear"; a_s=2; period_s=120;};})'],
            shutil.copy(PROJECT / "examples" / "cluster.conf", folder))

    def use(self, broker, redis):
        """Instead of the plain ones; the services were made with their addresses."""
        for service in self.services.values():
            service.process.command = [
                word.replace(self.broker.address, broker.address).replace(self.redis.address, redis.address)
                for word in service.process.command]
        self.broker, self.redis = broker, redis

    def reloads(self):
        return {name: reloads(service, "ok") for name, service in self.services.items()}

    def replace(self, **files):
        """Switches the links; the seconds until the slowest process has read them."""
        before, began = self.reloads(), time.monotonic()
        self.secrets.replace({name.replace("__", ".").replace("_", "-"): text for name, text in files.items()})
        wait_until(lambda: all(count > before[name] for name, count in self.reloads().items()), 20,
                   lambda: f"every process has read them: {before} {self.reloads()}")
        return time.monotonic() - began


def reloads(service, result):
    series = f'hikyaku_config_reload_total{{result="{result}"}} '
    return sum(float(line[len(series):]) for line in service.get("/metrics")[1].splitlines() if line.startswith(series))


def events(cluster, name):
    found = []
    for service in cluster.services.values():
        for line in read(service.process.log_path).splitlines():
            if f'"event":"{name}"' in line:
                found.append(line)
    return found


def kafka_connections(cluster, broker):
    """Of the services, by their own end: (local address, inode). A port may be used again, an inode tells them apart."""
    remote = ":%04X" % broker.port
    found = set()
    for line in read("/proc/net/tcp").splitlines()[1:]:
        words = line.split()
        if words[2].endswith(remote) and words[3] == "01":
            found.add((words[1], words[9]))
    return found


def rotate_kafka_login(cluster):
    """The handles stay: only their next login is another one."""
    delay_s = cluster.replace(kafka_username="later", kafka_password="kafka-new")
    print(f"SASL login: read by all after {delay_s:.1f} s")


def restart_broker(cluster, load, faults, certificate, clients, shares):
    """All connections end, and those that come instead need the new login; until all mails are accepted."""
    faults.append((time.monotonic(), "kafka"))
    cluster.broker.process.stop(40)
    load.release(SHARE)
    cluster.broker.show(certificate, {"later": LOGINS["later"]}, clients)
    cluster.broker.start()
    wait_until(lambda: load.done >= shares * SHARE, 90, lambda: f"mail is accepted again: {load.done}")


def rotate_kafka_certificate(cluster, client, servers):
    """New handles: the connections there were are replaced by others."""
    before = kafka_connections(cluster, cluster.broker)
    assert before
    began = time.monotonic()
    cluster.replace(tls__crt=read(client.path), tls__key=read(client.key),
                    ca__crt="".join(read(server.path) for server in servers))
    wait_until(lambda: not before & kafka_connections(cluster, cluster.broker), 60,
               lambda: f"the old connections end: {before & kafka_connections(cluster, cluster.broker)}")
    print(f"client certificate: every connection is a new one after {time.monotonic() - began:.1f} s")


def rotate_redis(cluster, certificate):
    """Both passwords are good for a while, as the manual of the chart says."""
    redis = cluster.redis
    assert redis.command("ACL", "SETUSER", "mail", ">redis-new") == b"+OK"
    delay_s = cluster.replace(redis_password="redis-new", redis_ca__crt=read(certificate.path))
    assert redis.command("ACL", "SETUSER", "mail", "<redis-old") == b"+OK"
    redis.show(certificate)
    ups = len(events(cluster, "redis_up"))
    redis.command("CLIENT", "KILL", "USER", "mail")
    wait_until(lambda: len(events(cluster, "redis_up")) >= ups + 2, 20, "sender and scheduler are back")
    print(f"Redis password and CA: read by all after {delay_s:.1f} s")


def check_cluster():
    destination, faults = Destination(), []
    mails = list(submissions(MAILS))
    with private_folder("secrets") as folder:
        servers = [new_certificate(folder, f"server-{n}") for n in (1, 2)]
        clients = [new_certificate(folder, f"client-{n}") for n in (1, 2, 3)]
        stores = [new_certificate(folder, f"redis-{n}") for n in (1, 2)]
        secrets = Mounted(folder, "secrets", {
            "kafka-username": "hikyaku\n", "kafka-password": "kafka-old\n", "redis-password": "redis-old\n",
            "tls.crt": read(clients[0].path), "tls.key": read(clients[0].key), "ca.crt": read(servers[0].path),
            "redis-ca.crt": read(stores[0].path)})
        cluster = SecureCluster(folder, destination, secrets)
        cluster.use(SecureBroker(folder, servers[0], LOGINS, clients), MailRedis(folder, stores[0], "redis-old"))
        with cluster:
            load = Load(cluster.smtp_ports, mails)
            load.release(SHARE)
            rotate_kafka_login(cluster)
            restart_broker(cluster, load, faults, servers[0], clients, 2)
            # Handles that nobody uses any more, among them those that read large bodies.
            wait_until(lambda: Ledger(mails).open_count(destination) == 0, 60, "nothing is under way")
            rotate_kafka_certificate(cluster, clients[1], servers)
            load.release(SHARE)
            rotate_kafka_certificate(cluster, clients[2], servers)
            rotate_redis(cluster, stores[1])
            # From here on only the new ones are good, on every connection.
            restart_broker(cluster, load, faults, servers[1], clients[2:], 4)
            load.finish()
            conclude(Ledger(mails), destination, faults, mails, "restarts of the broker")
            cluster.apply_topics(10)
        check_nothing_told(folder)


def check_nothing_told(folder):
    for log in pathlib.Path(folder).glob("*.log"):
        said = re.search(r"kafka-(old|new)|redis-(old|new)\b", log.read_text(errors="replace"))
        assert not said or log.name == "kafka.log", (log, said)


def check_settings():
    """A ConfigMap: what is live is in effect without a signal, a faulty file changes nothing."""
    destination = Destination()
    # The examples have these in the file that is replaced here.
    others = ['listeners.[0].networks=["127.0.0.0/8"]', "sender.hostname=relay.example"]
    live = 'configurations = ( { name = "default"; received = "%s"; } );\n'
    with private_folder("settings") as folder:
        mounted = Mounted(folder, "settings", {"hikyaku.conf": live % "abbreviated"})
        with Embedded(folder, destination, [WATCH, *others], mounted.path("hikyaku.conf")) as relay:
            def received(rcpt):
                submit(relay.smtp_port, rcpt)
                destination.wait_for(lambda d: d.to(rcpt), 30, f"{rcpt} is delivered")
                return destination.to(rcpt)[0].header("Received")
            assert received("ok-1@dest.example")
            began = time.monotonic()
            mounted.replace({"hikyaku.conf": live % "remove_all"})
            wait_until(lambda: reloads(relay.service, "ok") == 1, 10, "it is read")
            print(f"settings: in effect after {time.monotonic() - began:.1f} s")
            assert received("ok-2@dest.example") is None
            mounted.replace({"hikyaku.conf": live % "nonsense"})
            wait_until(lambda: reloads(relay.service, "refused") == 1, 10, "it is refused")
            assert received("ok-3@dest.example") is None


PARTS = {"settings": check_settings, "cluster": check_cluster}

if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()
