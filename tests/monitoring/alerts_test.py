#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each alert against promtool: series that make it fire, and series close to it that leave it silent."""
import json
import pathlib
import re
import subprocess
import tempfile

PROJECT = pathlib.Path(__file__).resolve().parents[2]
RULES = PROJECT / "helm" / "hikyaku" / "files" / "alerts.yaml"
IN = 'namespace="mail"'


def mails(result, step, minutes):
    return f'hikyaku_ingress_mails_total{{{IN},pod="a",result="{result}",listener="s",reason=""}}', f"0+{step}x{minutes}"


def gauge(name, values, labels=""):
    return f'hikyaku_{name}{{{IN},pod="a"{"," if labels else ""}{labels}}}', values


def late_loop(under, over, minutes=60):
    return [gauge("loop_lag_seconds_bucket", f"0+{under}x{minutes}", 'role="sender",le="0.5"'),
            gauge("loop_lag_seconds_bucket", f"0+{over}x{minutes}", 'role="sender",le="1"'),
            gauge("loop_lag_seconds_bucket", f"0+{over}x{minutes}", 'role="sender",le="+Inf"')]


def attempts(deferred, delivered, group="other"):
    labels = f'dest_group="{group}",source_pool="default"'
    return [gauge("sender_attempts_total", delivered, f'{labels},result="delivered",reason="reply"'),
            gauge("sender_attempts_total", deferred, f'{labels},result="deferred",reason="reply"')]


def lag(values):
    """Of two partitions; the second one has moved to another pod."""
    return [gauge("bus_consumer_lag_records", values, 'topic="work",partition="0"'),
            gauge("bus_consumer_lag_records", "9000 0x90", 'topic="work",partition="1"'),
            (f'hikyaku_bus_consumer_lag_records{{{IN},pod="b",topic="work",partition="1"}}', "_ 9000x90")]


def waiting(age, open_mail="120000x90"):
    """Two days of retention; the timer topic keeps its records for ever."""
    return [gauge("bus_oldest_unconsumed_seconds", age, 'topic="work"'),
            gauge("oldest_open_seconds", open_mail),
            gauge("bus_retention_seconds", "172800x90", 'topic="work"'),
            gauge("bus_retention_seconds", "172800x90", 'topic="body"'),
            gauge("bus_oldest_unconsumed_seconds", "900000x90", 'topic="timer"'),
            gauge("bus_retention_seconds", "0x90", 'topic="timer"')]


def revisions(other):
    return [gauge("config_revision", "250398000000000x90", 'config="hikyaku.conf"'),
            (f'hikyaku_config_revision{{{IN},pod="b",config="hikyaku.conf"}}', other),
            (f'hikyaku_config_revision{{{IN},pod="c",config="another.conf"}}', "7x90")]


def auditing(behind, unfollowed):
    return [gauge("balance_drift", "0x90"), gauge("audit_behind_seconds", behind),
            gauge("audit_unfollowed_mails_total", unfollowed)]


RESTARTS = f'kube_pod_container_status_restarts_total{{{IN},pod="hikyaku-sender-0",container="sender"}}'
RUNNING = gauge("build_info", "1+0x60", 'component="hikyaku-sender",version="1"')

# alert: (series that fire, series that stay silent, minute of the question)
CASES = {
    "IngressErrorBudgetBurn": ([mails("accepted", 980, 90), mails("tempfail", 20, 90)],
                               [mails("accepted", 9990, 90), mails("tempfail", 5, 90)], 80),
    "IngressErrorBudgetSlowBurn": ([mails("accepted", 9980, 700), mails("tempfail", 20, 700)],
                                   [mails("accepted", 99990, 700), mails("tempfail", 10, 700)], 690),
    "NoIngressReady": ([gauge("ready", "0x20", 'role="ingress"')],
                       [gauge("ready", "0x20", 'role="ingress"'),
                        (f'hikyaku_ready{{{IN},pod="b",role="ingress"}}', "1x20")], 10),
    "QueueNotDraining": ([gauge("scheduler_oldest_due_seconds", "100+60x30")],
                         [gauge("scheduler_oldest_due_seconds", "0x17 400x12")], 20),
    "SchedulerShardOrphaned": ([gauge("scheduler_shards_owned", "60x20"), gauge("scheduler_shards", "64x20")],
                               [gauge("scheduler_shards_owned", "64x12 60x8"), gauge("scheduler_shards", "64x20")],
                               15),
    "KafkaProduceFailing": ([gauge("bus_produced_total", "0+1x20", 'role="sender",topic="timer",result="failed"')],
                            [gauge("bus_produced_total", "5x20", 'role="sender",topic="timer",result="failed"'),
                             gauge("bus_produced_total", "0+9x20", 'role="sender",topic="timer",result="ok"')], 10),
    "RedisDown": ([gauge("redis_connected", "0x20", 'role="scheduler"')],
                  [gauge("redis_connected", "0x20", 'role="scheduler"'),
                   (f'hikyaku_redis_connected{{{IN},pod="b",role="scheduler"}}', "1x20")], 10),
    "MailBalanceBroken": ([gauge("balance_drift", "0 0 1x20")], [gauge("balance_drift", "0x20")], 10),
    # One group of two, which all together would not show; and a group with next to no mail.
    "DeferralRatioHigh": (attempts("0+1x600 700+50x120", "0+98x720", "gmail") + attempts("0+1x720", "0+9800x720"),
                          attempts("0+2x720", "0+98x720") +
                          attempts("0x600 0+0.5x120", "0+1x600 600x120", "docomo"), 700),
    "BounceRateHigh": ([gauge("bouncer_failures_total", "0+20x120", 'action="failed"'),
                        gauge("ingress_recipients_total", "0+100x120", 'listener="s"')],
                       [gauge("bouncer_failures_total", "0+5x120", 'action="failed"'),
                        gauge("ingress_recipients_total", "0+100x120", 'listener="s"')], 110),
    "SourceIpBlocked": ([gauge("sender_blocked_total", "0+1x30")], [gauge("sender_blocked_total", "7x30")], 20),
    "ConsumerLagGrowing": (lag("20000+500x90"), lag("30000-100x90"), 60),
    "RetentionHalfUsed": (waiting("87000x30"), waiting("85000x30"), 20),
    "ProducerQueueNearFull": ([gauge("ingress_load_shed_total", "0+3x40", 'reason="memory"')],
                              [gauge("ingress_load_shed_total", "0 3x40", 'reason="memory"')], 30),
    "EmbeddedLogNearFull": ([gauge("bus_stored_bytes", "85x30"), gauge("bus_room_bytes", "100x30")],
                            [gauge("bus_stored_bytes", "0x30"), gauge("bus_room_bytes", "0x30")], 20),
    "LoopLag": (late_loop(50, 100), late_loop(100, 100), 30),
    "ConfigRejected": ([gauge("config_reload_total", "0 0 0 1x60", 'result="refused"')],
                       [gauge("config_reload_total", "0 0 0 1x60", 'result="ok"')], 30),
    "TlsCertExpiring": ([gauge("ingress_certificate_expiry_timestamp_seconds", "1209600x60", 'listener="s"'),
                         (f'hikyaku_ingress_certificate_expiry_timestamp_seconds{{{IN},pod="b",listener="s"}}', "9e6x60")],
                        [gauge("ingress_certificate_expiry_timestamp_seconds", "1213200x60", 'listener="s"')], 30),
    "ConfigRevisionSkew": (revisions("250398000000000x9 250398000000001x30"),
                           revisions("250398000000000x9 250398000000001x3 250398000000000x30"), 20),
    "UncertainDeliveries": ([gauge("sender_uncertain_total", "0+1x90")], [gauge("sender_uncertain_total", "0 3x90")],
                            80),
    "DeadRecords": ([gauge("dead_records_total", "0 0 1x60", 'topic="work",reason="body"')],
                    [gauge("dead_records_total", "0+1x60", 'topic="work",reason="copy"')], 30),
    "LogPlaceLost": ([gauge("bus_resets_total", "0 0 1x60", 'role="sender"')],
                     [gauge("bus_resets_total", "3x60", 'role="sender"')], 30),
    "SeriesDropped": ([gauge("metrics_series_dropped_total", "0+1x60", 'metric="sender_replies_total"')],
                      [gauge("metrics_series_dropped_total", "4x60", 'metric="sender_replies_total"')], 30),
    "PodsRestarting": ([(RESTARTS, "0+1x60")], [(RESTARTS, "0 1x60")], 30),
    "AuditMissing": ([RUNNING], [RUNNING, *auditing("0x60", "5x60")], 50),
    "Watchdog": ([], None, 5),
}


# Other ways to fire: (alert, series, minute)
ALSO = [("RetentionHalfUsed", waiting("0x30", "130000x30"), 20),
        ("AuditMissing", [RUNNING, *auditing("0+60x90", "0x90")], 80),
        ("AuditMissing", [RUNNING, *auditing("0x90", "0+1x90")], 80)]


def group(alert, series, minute, is_firing):
    samples = [{"labels": "{}", "value": 1}] if is_firing else []
    question = {"expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})', "eval_time": f"{minute}m",
                "exp_samples": samples}
    return {"name": f"{alert} {'fires' if is_firing else 'stays silent'}", "interval": "1m",
            "input_series": [{"series": name, "values": values} for name, values in series],
            "promql_expr_test": [question]}


def test_file():
    groups = []
    for alert, (firing, silent, minute) in CASES.items():
        groups.append(group(alert, firing, minute, True))
        if silent is not None:  # Watchdog is never silent
            groups.append(group(alert, silent, minute, False))
    groups += [group(alert, series, minute, True) for alert, series, minute in ALSO]
    return {"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": groups}


def main():
    alerts = re.findall(r"^ +- alert: (\w+)$", RULES.read_text(), re.MULTILINE)
    assert sorted(alerts) == sorted(CASES), set(alerts) ^ set(CASES)
    subprocess.run(["promtool", "check", "rules", str(RULES)], check=True, stdout=subprocess.DEVNULL)
    with tempfile.NamedTemporaryFile("w", prefix="hikyaku-alerts-", suffix=".yaml") as file:
        json.dump(test_file(), file)  # JSON is YAML
        file.flush()
        done = subprocess.run(["promtool", "test", "rules", file.name], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    print(f"{len(alerts)} alerts fire and stay silent")


if __name__ == "__main__":
    main()
