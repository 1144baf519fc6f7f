#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""All four services and hikyakuctl speak to Kafka by TLS and SASL, to Redis by TLS and AUTH; who has
the wrong password or does not trust the certificate gets nowhere; no password is printed or logged."""
import pathlib
import smtplib
import subprocess

from kit.certificate import Certificate
from kit.cluster import Cluster, kafka_settings, private_folder
from kit.destination import Destination
from kit.secure import SecureBroker, SecureRedis

KAFKA_PASSWORD = "kafka-Pa55word"
REDIS_PASSWORD = "redis-Pa55word"


def kafka_security(password, ca):
    options = ("security.protocol=SASL_SSL", "sasl.mechanism=PLAIN", "sasl.username=hikyaku",
               f"sasl.password={password}", f"ssl.ca.location={ca}")
    return "log.librdkafka=[" + ",".join(f'"{option}"' for option in options) + "]"


def redis_security(ca):
    return ["redis.tls=true", f'redis.tls_ca="{ca}"', f'redis.password="{REDIS_PASSWORD}"']


class SecureCluster(Cluster):
    def __init__(self, folder, destination, certificate):
        broker = SecureBroker(folder, certificate, {"hikyaku": KAFKA_PASSWORD})
        redis = SecureRedis(folder, certificate, REDIS_PASSWORD)
        self.security = [kafka_security(KAFKA_PASSWORD, certificate.path)]
        settings = [*kafka_settings(broker, redis), *self.security, *redis_security(certificate.path),
                    "log.publish_timeout_ms=5000",
                    'configurations=({retry={interval="linear"; a_s=2; period_s=60;};})']
        super().__init__(folder, destination, count=1, settings=settings)
        self.broker, self.redis = broker, redis


def check_refusals(cluster, certificate, folder):
    stranger = pathlib.Path(folder, "stranger")
    stranger.mkdir()
    other = Certificate(stranger)
    for security in (kafka_security("wrong-Pa55word", certificate.path), kafka_security(KAFKA_PASSWORD, other.path)):
        assert cluster.run_topics([security], 3) != 0


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
            assert int(cluster.redis.command("DBSIZE")[1:]) > 0
            check_refusals(cluster, certificate, folder)
        check_secrets(cluster, folder)
    print("a secure cluster: delivered, delivered by a retry, bounced; strangers refused, no password shown")


if __name__ == "__main__":
    main()
