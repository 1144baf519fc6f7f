# SPDX-License-Identifier: Apache-2.0
"""Three Kafka nodes, each of them broker and controller: what "replicated" means in production."""
import os
import pathlib
import socket

from .cluster import Broker
from .ports import free_port
from .process import is_listening, wait_until

NODES = 3
PROPERTIES = """\
node.id={node}
controller.quorum.voters={voters}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
min.insync.replicas=2
offsets.topic.replication.factor=3
transaction.state.log.replication.factor=3
transaction.state.log.min.isr=2
share.coordinator.state.topic.replication.factor=3
share.coordinator.state.topic.min.isr=2
replica.lag.time.max.ms=3000
"""


class Node(Broker):
    """name: kafka-N, from 1. controllers: the ports of all."""

    def __init__(self, folder, number, controllers):
        super().__init__(folder, f"kafka-{number}")
        properties = pathlib.Path(folder, f"kafka-{number}.properties")
        properties.write_text(PROPERTIES.format(
            node=number, port=self.port, controller=controllers[number - 1],
            voters=",".join(f"{i}@127.0.0.1:{port}" for i, port in enumerate(controllers, 1))))
        self.control = os.path.join(folder, f"kafka-{number}.control")
        self.process.command += ["--properties", str(properties), "--control", self.control]

    def ask(self, verb):
        """freeze, thaw (SIGSTOP, SIGCONT)."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self.control)
            connection.sendall(verb.encode() + b"\n")
            with connection.makefile() as answer:
                assert answer.readline() == "ok\n", f"{self.process.name} did not {verb}"


class Quorum:
    topics = ("log.replication=3", "log.min_insync=2")

    def __init__(self, folder):
        controllers = [free_port() for _ in range(NODES)]
        self.nodes = [Node(folder, number, controllers) for number in range(1, NODES + 1)]

    @property
    def address(self):
        return ",".join(node.address for node in self.nodes)

    def start(self):
        """None of them serves before most of them are there."""
        for node in self.nodes:
            node.process.start()
        for node in self.nodes:
            wait_until(lambda port=node.port: is_listening(port), 90, f"{node.process.name} listens")
        return self

    def stop(self):
        for node in self.nodes:
            node.stop()
