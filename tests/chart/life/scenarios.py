# SPDX-License-Identifier: Apache-2.0
"""What is done to a release under load: name -> how(release, traffic, seconds). Each returns the pods whose container
had to be restarted once; the course (course.py) judges the rest."""
import signal
import threading

import chart
from kit.process import wait_until

from scrape import OPS_PORT, series_of

RECOVERY_S = 60
WEDGED_S = 180  # three probes, and the grace period


def roll(component):
    def act(release, _traffic, _seconds):
        release.workloads[component].roll()
        return []
    return act


def kill_each(release, traffic, _seconds):
    """One pod of each workload, one after the other."""
    victims = [workload.pods[0] for workload in release.workloads.values()]
    for pod in victims:
        restarts = pod.restarts
        release.course.fault(pod.labels["app.kubernetes.io/component"])
        pod.running.kill()
        wait_until(lambda pod=pod: pod.restarts == restarts + 1, 10, f"{pod.name} is seen to have ended")
        wait_until(pod.is_available, 60, f"{pod.name} is ready again")
        traffic.wait_for_more(10)
    return victims


def wedge(release, traffic, _seconds):
    """A scheduler stands still: its liveness probe fails until it is killed, and the other one takes its shards."""
    pod = release.workloads["scheduler"].pods[0]
    restarts = pod.restarts
    release.course.fault("scheduler")
    pod.running.signal(signal.SIGSTOP)
    wait_until(lambda: pod.restarts == restarts + 1, WEDGED_S, f"{pod.name} is restarted by its liveness probe")
    assert "liveness" in pod.failed_probes and pod.was_killed_after_grace, pod.failed_probes
    wait_until(pod.is_available, 60, f"{pod.name} is ready again")
    traffic.wait_for_more()
    return [pod]


def scale_senders(release, traffic, _seconds):
    senders = release.workloads["sender"]
    senders.grow(4)
    senders.wait_available()
    traffic.wait_for_more(200)
    senders.shrink(2)
    traffic.wait_for_more(200)
    return []


def at_work(release):
    """The roles that say that they can do their work, one per pod."""
    pods = [pod for role in chart.ROLES for pod in list(release.workloads[role].pods)]
    return sorted(name for pod in pods for name, value in series_of(pod.address, OPS_PORT).items()
                  if name.startswith("hikyaku_ready{") and value)


def kafka_down(release, traffic, seconds):
    """Nobody gets a 250. Each ingress pod stays in its Service and says 4xx, and that it is not at work."""
    before = at_work(release)
    release.course.fault("kafka")
    release.broker.kill()
    accepted, ready = len(traffic.accepted_at), release.endpoints.addresses()
    threading.Event().wait(seconds)
    assert len(traffic.accepted_at) - accepted <= len(traffic.clients), "250 without Kafka"
    assert set(ready) <= set(traffic.tempfails), f"no tempfail from all of {ready}: {traffic.tempfails}"
    assert release.endpoints.addresses() == ready, "ingress pods left the Service, all at once"
    assert not at_work(release), at_work(release)
    release.broker.start()
    wait_until(lambda: at_work(release) == before, RECOVERY_S, f"{before} are at work again")
    return []


def redis_down(release, traffic, seconds):
    """Mail is accepted all the while."""
    release.course.fault("redis")
    release.redis.kill()
    ready = release.endpoints.addresses()
    threading.Event().wait(seconds)
    traffic.wait_for_more()
    assert release.endpoints.addresses() == ready, "ingress pods left the Service"
    release.redis.start()
    return []


SCENARIOS = {
    **{f"roll-{component}": roll(component) for component in (*chart.ROLES, "auditor")},
    "kill": kill_each,
    "wedge": wedge,
    "scale": scale_senders,
    "kafka": kafka_down,
    "redis": redis_down,
}
