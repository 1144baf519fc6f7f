# SPDX-License-Identifier: Apache-2.0
"""What the test installs: the values, and the Secrets that they name, as an operator would have made them."""
import pathlib
import subprocess

from kit.cluster import build_folder

SMTP_PORT, SUBMISSION_PORT = 2525, 2587
USER, PASSWORD = "shop", "correct horse: battery"
REDIS_PASSWORD = "redis-Pa55word"


def values(broker, redis, destination):
    """Short times where the defaults are for real distances; the rest of the chart as it is."""
    return {
        "externalKafka": {"brokers": broker.address},
        "externalRedis": {"nodes": redis.address, "existingSecret": "redis-login"},
        "hostname": "relay.example.com",
        "listeners": [
            {"name": "smtp", "port": SMTP_PORT, "publicPort": 25, "settings": {"networks": ["127.0.0.0/8"]}},
            {"name": "submission", "port": SUBMISSION_PORT, "publicPort": 587, "tlsSecret": "relay-tls",
             "settings": {"policy": "network_or_auth"}},
        ],
        "ingress": {"replicas": 2, "usersSecret": "users"},
        "sender": {"replicas": 2},
        "monitoring": {"podMonitor": {"enabled": True}},
        "settings": {
            "log": {"replication": 1, "min_insync": 1, "session_timeout_ms": 10000, "publish_timeout_ms": 10000},
            "scheduler": {"rebuild_grace_ms": 2000, "lease_ms": 5000},
            "configurations": [{"name": "default", "retry": {"interval": "linear", "a_s": 2, "period_s": 3600}}],
            "routes": [{"domain": "*", "hosts": [destination.host_port]}],
        },
    }


def secrets(folder, certificate):
    users = pathlib.Path(folder, "users")
    subprocess.run([build_folder() / "hikyakuctl", "user", "add", users, USER, "--password-stdin"],
                   input=PASSWORD + "\n", text=True, check=True, stdout=subprocess.DEVNULL, timeout=60)
    return {
        "redis-login": {"password": REDIS_PASSWORD},
        "relay-tls": {"tls.crt": pathlib.Path(certificate.path).read_text(),
                      "tls.key": pathlib.Path(certificate.key).read_text()},
        "users": {"users": users.read_text()},
    }
