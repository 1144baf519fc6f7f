# SPDX-License-Identifier: Apache-2.0
"""An authoritative name server of our own on loopback."""
import os
import pathlib
import socket
import struct

from .ports import free_port
from .process import Process, wait_until

TEMPLATE = """server:
  ip-address: 127.0.0.1@{port}
  server-count: 1
  username: ""
  database: ""
  zonesdir: "{folder}"
  pidfile: "{folder}/pid"
  logfile: "{folder}/log"
  xfrdfile: "{folder}/xfrd"
  zonelistfile: "{folder}/zones"
  xfrdir: "{folder}"
remote-control:
  control-enable: no
zone:
  name: {zone}
  zonefile: zone
"""
ZONE = """$ORIGIN {zone}.
$TTL 1
@ SOA ns root 1 3600 600 86400 1
@ NS ns
ns A 127.0.0.1
{records}
"""


class Nsd:
    """One zone. records: lines of a zone file, relative to the zone."""

    def __init__(self, folder, zone, records):
        self.zone = zone
        self.port = free_port()
        own = os.path.join(folder, "nsd-" + zone)
        os.makedirs(own)
        pathlib.Path(own, "nsd.conf").write_text(TEMPLATE.format(port=self.port, folder=own, zone=zone))
        pathlib.Path(own, "zone").write_text(ZONE.format(zone=zone, records=records))
        self.process = Process("nsd-" + zone, ["nsd", "-d", "-c", os.path.join(own, "nsd.conf")], folder)

    @property
    def stub_zone(self):
        """For dns.stub_zones."""
        return f"{self.zone} 127.0.0.1@{self.port}"

    def answers(self):
        name = b"".join(bytes([len(label)]) + label.encode() for label in self.zone.split(".")) + b"\0"
        query = struct.pack(">6H", 1, 0, 1, 0, 0, 0) + name + struct.pack(">2H", 6, 1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(0.2)
            asking.connect(("127.0.0.1", self.port))
            try:
                asking.send(query)
                return asking.recv(512)[3] & 15 == 0
            except OSError:
                return False

    def start(self):
        self.process.start()
        wait_until(self.answers, 10, f"the name server of {self.zone} answers")
        return self

    def stop(self):
        if self.process.is_running():
            self.process.stop(10)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
