# SPDX-License-Identifier: Apache-2.0
"""/metrics of one address, as Prometheus reads it."""
import http.client

OPS_PORT = 9090

def series_of(address, port):
    """'name{labels}' -> value; empty while nobody answers."""
    connection = http.client.HTTPConnection(address, port, timeout=5)
    try:
        connection.request("GET", "/metrics")
        page = connection.getresponse().read().decode()
    except (OSError, http.client.HTTPException):
        return {}
    finally:
        connection.close()
    rows = [line.rsplit(" ", 1) for line in page.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, value in rows}
