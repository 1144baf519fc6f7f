# SPDX-License-Identifier: Apache-2.0
"""The probes of a container by their period, timeout and threshold."""
import http.client
import time

KNOWN = {"httpGet", "periodSeconds", "timeoutSeconds", "failureThreshold"}


class Probe:
    """One probe, from the start of its container on."""

    def __init__(self, container, kind, address):
        spec = container[kind + "Probe"]
        assert set(spec) == KNOWN, f"no idea how to probe {spec}"
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        self.kind = kind
        self.address, self.port = address, ports[spec["httpGet"]["port"]]
        self.path = spec["httpGet"]["path"]
        self.period_s, self.timeout_s = spec["periodSeconds"], spec["timeoutSeconds"]
        self.threshold = spec["failureThreshold"]
        self.next_at = 0.0
        self.failures_in_row = 0

    def is_due(self):
        return time.monotonic() >= self.next_at

    def succeeds(self):
        self.next_at = time.monotonic() + self.period_s
        is_good = self._status() in range(200, 400)
        self.failures_in_row = 0 if is_good else self.failures_in_row + 1
        return is_good

    def _status(self):
        connection = http.client.HTTPConnection(self.address, self.port, timeout=self.timeout_s)
        try:
            connection.request("GET", self.path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def is_exhausted(self):
        return self.failures_in_row >= self.threshold


def probes_of(container, address):
    """(startup or None, those after it)."""
    made = {kind: Probe(container, kind, address) for kind in ("startup", "readiness", "liveness")
            if kind + "Probe" in container}
    return made.pop("startup", None), list(made.values())
