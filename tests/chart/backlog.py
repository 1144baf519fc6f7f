# SPDX-License-Identifier: Apache-2.0
"""Backlog as it comes about: a real Kafka with TLS and a login, and hikyaku's own programs, of which those run that
fill or drain. They stand in for the pods of a cluster in which nothing is executed."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))

from kit.cluster import Cluster  # noqa: E402 (the path comes first)
from kit.destination import Destination  # noqa: E402
from kit.mail import connect, content_for, transact  # noqa: E402
from kit.secure import SecureBroker  # noqa: E402
from secure_cluster import KAFKA_PASSWORD, kafka_security  # noqa: E402


class Relay(Cluster):
    """log: the section of that name, as the chart's settings have it. Only the ingress runs from the beginning."""

    def __init__(self, folder, certificate, log):
        self.security = [kafka_security(KAFKA_PASSWORD, certificate.path),
                         *(f"log.{name}={value!r}".replace("'", '"') for name, value in log.items())]
        super().__init__(folder, Destination(), count=1, settings=self.security,
                         broker=SecureBroker(folder, certificate, {"hikyaku": KAFKA_PASSWORD}))

    def __enter__(self):
        self.redis.start()
        self.broker.start()
        self.apply_topics()
        self.run("ingress")
        return self

    def run(self, role):
        self.services[f"{role}-1"].start().wait_ready()

    def submit(self, count, local):
        """Each of them must be accepted; the destination goes by the local part."""
        client = connect(self.smtp_ports[0])
        for number in range(count):
            rcpt = f"{local}-{number}@d{number}.dest.example"
            reply = transact(client, [rcpt], content_for(rcpt))
            assert reply[0] == 250, reply
        client.quit()
