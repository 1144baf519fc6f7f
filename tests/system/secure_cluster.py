#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""All four services and hikyakuctl speak to Kafka by TLS and SASL, to Redis by TLS and AUTH; who has
the wrong password or does not trust the certificate gets nowhere; no password is printed or logged."""
import os
import pathlib
import smtplib
import socket
import subprocess
import sys

from kit.certificate import Certificate
from kit.cluster import PROJECT, Cluster, build_folder, private_folder
from kit.destination import Destination
from kit.ports import free_port
from kit.process import Process, is_listening, wait_until

KAFKA_PASSWORD = "kafka-Pa55word"
REDIS_PASSWORD = "redis-Pa55word"
# The clear-text listener is the broker's own (it answers the readiness question of broker.py).
PROPERTIES = """\
listeners=PLAINTEXT://127.0.0.1:{plain},SECURE://127.0.0.1:{secure},CONTROLLER://127.0.0.1:{controller}
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL
sasl.enabled.mechanisms=PLAIN
listener.name.secure.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
user_hikyaku="{password}";
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
"""


class SecureBroker:
    def __init__(self, folder, certificate):
        self.port = free_port()
        plain = free_port()
        keystore = pathlib.Path(folder, "keystore.pem")
        keystore.write_text(pathlib.Path(certificate.key).read_text() + pathlib.Path(certificate.path).read_text())
        properties = pathlib.Path(folder, "secure.properties")
        properties.write_text(PROPERTIES.format(plain=plain, secure=self.port, controller=free_port(),
                                                password=KAFKA_PASSWORD, keystore=keystore))
        self.process = Process("kafka", [
            sys.executable, str(PROJECT / "tests/system/kafka/broker.py"), "run", "--dir", os.path.join(folder, "kafka"),
            "--port", str(plain), "--properties", str(properties)], folder)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        self.process.start()
        wait_until(lambda: is_listening(self.port), 60, "Kafka listens")

    def stop(self):
        self.process.kill()


class SecureRedis:
    def __init__(self, folder, certificate):
        self.port = free_port()
        self.certificate = certificate
        self.process = Process("redis", [
            "redis-server", "--port", "0", "--tls-port", str(self.port), "--bind", "127.0.0.1", "--save", "",
            "--tls-cert-file", certificate.path, "--tls-key-file", certificate.key, "--tls-auth-clients", "no",
            "--tls-ca-cert-file", certificate.path, "--requirepass", REDIS_PASSWORD, "--dir", folder], folder)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def keys(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as plain, \
                self.certificate.client().wrap_socket(plain, server_hostname="127.0.0.1") as redis, \
                redis.makefile("rb") as replies:
            redis.sendall(f"AUTH {REDIS_PASSWORD}\r\nDBSIZE\r\n".encode())
            assert replies.readline() == b"+OK\r\n"
            return int(replies.readline()[1:])

    def start(self):
        self.process.start()
        wait_until(lambda: is_listening(self.port), 10, "Redis listens")

    def stop(self):
        self.process.kill()


def kafka_security(password, ca):
    options = ("security.protocol=SASL_SSL", "sasl.mechanism=PLAIN", "sasl.username=hikyaku",
               f"sasl.password={password}", f"ssl.ca.location={ca}")
    return "log.librdkafka=[" + ",".join(f'"{option}"' for option in options) + "]"


def redis_security(ca):
    return ["redis.tls=true", f'redis.tls_ca="{ca}"', f'redis.password="{REDIS_PASSWORD}"']


class SecureCluster(Cluster):
    def __init__(self, folder, destination, certificate):
        broker, redis = SecureBroker(folder, certificate), SecureRedis(folder, certificate)
        self.security = [f'log.brokers="{broker.address}"', f'redis.address="{redis.address}"',
                         kafka_security(KAFKA_PASSWORD, certificate.path)]
        settings = [*self.security, *redis_security(certificate.path), "log.publish_timeout_ms=5000",
                    'configurations=({retry={interval="linear"; a_s=2; period_s=60;};})']
        super().__init__(folder, destination, count=1, settings=settings)
        self.broker, self.redis = broker, redis

    def apply_topics(self):
        done = topics("apply", self.broker, self.security[-1], 60)
        assert done.returncode == 0, done.stderr


def topics(verb, broker, security, wait_s):
    command = [str(build_folder() / "hikyakuctl"), "topics", verb, "-c", str(PROJECT / "examples" / "cluster.conf"),
               "--wait", str(wait_s)]
    for setting in (f'log.brokers="{broker.address}"', "log.replication=1", "log.min_insync=1", security):
        command += ["--set", setting]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)


def check_refusals(cluster, certificate, folder):
    stranger = pathlib.Path(folder, "stranger")
    stranger.mkdir()
    other = Certificate(stranger)
    for security in (kafka_security("wrong-Pa55word", certificate.path), kafka_security(KAFKA_PASSWORD, other.path)):
        done = topics("apply", cluster.broker, security, 3)
        assert done.returncode != 0, done.stdout
        assert "Pa55word" not in done.stdout + done.stderr, done.stderr


def check_secrets(cluster, folder):
    for service in cluster.services.values():
        shown = subprocess.run([*service.process.command, "--print-config"], check=True, capture_output=True, text=True,
                               timeout=30).stdout
        assert "sasl.username=hikyaku" in shown and "Pa55word" not in shown, shown
    for log in pathlib.Path(folder).glob("*.log"):
        assert "Pa55word" not in log.read_text(errors="replace"), log


def main():
    destination = Destination()
    with private_folder("secure") as folder:
        certificate = Certificate(folder)
        with SecureCluster(folder, destination, certificate) as cluster:
            with smtplib.SMTP("127.0.0.1", cluster.smtp_ports[0], timeout=60) as client:
                for rcpt in ("ok@dest.example", "grey@dest.example", "gone@dest.example"):
                    client.sendmail("shop@sender.example", [rcpt], "Subject: test\r\n\r\nHello\r\n")
            for rcpt, what in (("ok@dest.example", "delivered"), ("grey@dest.example", "delivered by a retry"),
                               ("shop@sender.example", "bounced")):
                destination.wait_for(lambda d, to=rcpt: d.to(to), 60, what)
            assert cluster.redis.keys() > 0
            check_refusals(cluster, certificate, folder)
        check_secrets(cluster, folder)
    print("a secure cluster: delivered, delivered by a retry, bounced; strangers refused, no password shown")


if __name__ == "__main__":
    main()
