# SPDX-License-Identifier: Apache-2.0
"""Kafka and Redis that want TLS and a login, on a port of its own beside the clear-text one that the test itself uses."""
import pathlib

from .cluster import Broker
from .ports import free_port
from .redis import Redis

PROPERTIES = """\
listeners=PLAINTEXT://127.0.0.1:{plain},SECURE://127.0.0.1:{secure},CONTROLLER://127.0.0.1:{controller}
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL
sasl.enabled.mechanisms=PLAIN
listener.name.secure.plain.sasl.jaas.config=\
org.apache.kafka.common.security.plain.PlainLoginModule required {users};
listener.name.secure.ssl.client.auth={client_auth}
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
ssl.truststore.type=PEM
ssl.truststore.location={truststore}
"""


def read(path):
    return pathlib.Path(path).read_text(encoding="ascii")


class SecureBroker(Broker):
    """PLAIN within TLS. (SCRAM: what Debian 12 has of librdkafka repeats the client's nonce, which this Kafka refuses.)
    logins: name -> password. clients: certificates, one of which a client must have; none: it needs no certificate."""

    def __init__(self, folder, certificate, logins, clients=()):
        super().__init__(folder)
        self.folder = pathlib.Path(folder)
        plain, self.port = self.port, free_port()
        self.places = {"plain": plain, "secure": self.port, "controller": free_port(),
                       "keystore": self.folder / "keystore.pem", "truststore": self.folder / "truststore.pem"}
        self.process.command += ["--properties", str(self.folder / "secure.properties")]
        self.show(certificate, logins, clients)

    def show(self, certificate, logins, clients=()):
        """From its next start on."""
        text = PROPERTIES.format(**self.places, client_auth="required" if clients else "none",
                                 users=" ".join(f'user_{name}="{word}"' for name, word in logins.items()))
        (self.folder / "secure.properties").write_text(text)
        server = self.folder / "kafka" / "server.properties"
        if server.exists():
            head, _, _ = server.read_text().partition(text.splitlines()[0])
            server.write_text(head + text)
        self.places["keystore"].write_text(read(certificate.key) + read(certificate.path))
        self.places["truststore"].write_text("".join(read(client.path) for client in clients or [certificate]))


class SecureRedis(Redis):
    def __init__(self, folder, certificate, password=None):
        super().__init__(folder, password=password)
        self.tls_port = free_port()
        self.process.command += ["--tls-port", str(self.tls_port), "--tls-auth-clients", "no",
                                 "--tls-cert-file", certificate.path, "--tls-key-file", certificate.key]

    @property
    def address(self):
        return f"127.0.0.1:{self.tls_port}"

    def show(self, certificate):
        """From its next connection on."""
        assert self.command("CONFIG", "SET", "tls-cert-file", certificate.path, "tls-key-file",
                            certificate.key) == b"+OK"
