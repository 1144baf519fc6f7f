#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Resident memory: each service after start with Kafka, hikyaku without its Redis, an idle connection."""
import socket

from kit.cluster import Cluster, Embedded, private_folder
from kit.destination import Destination

SERVICE_MAX_KB = 40 * 1024
CONNECTION_MAX_BYTES = 16 * 1024
CONNECTIONS = 2000


def open_idle(port, count):
    """Connections that have said EHLO and wait."""
    connections = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port), timeout=30)
        assert connection.recv(512).startswith(b"220")
        connection.sendall(b"EHLO idle.example\r\n")
        assert connection.recv(1024).startswith(b"250")
        connections.append(connection)
    return connections


def per_connection_bytes(process, port):
    before = process.rss_kb()
    connections = open_idle(port, CONNECTIONS)
    after = process.rss_kb()
    for connection in connections:
        connection.close()
    return (after - before) * 1024 / CONNECTIONS


def check(name, rss_kb):
    print(f"{name:<12} {rss_kb / 1024:6.1f} MB")
    assert rss_kb < SERVICE_MAX_KB, f"{name} takes {rss_kb} KB"


def main():
    destination = Destination()
    with private_folder("memory") as folder, Cluster(folder, destination, count=1) as nodes:
        for service in nodes.services.values():
            check(service.name, service.process.rss_kb())
        ingress = nodes.of("ingress")[0].process
        each = per_connection_bytes(ingress, nodes.smtp_ports[0])
        print(f"idle connection {each:.0f} bytes")
        assert each <= CONNECTION_MAX_BYTES, each
    with private_folder("memory-embedded") as folder, Embedded(folder, destination) as node:
        check("hikyaku", node.service.process.rss_kb())


if __name__ == "__main__":
    main()
