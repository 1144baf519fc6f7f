# SPDX-License-Identifier: Apache-2.0
"""A record is removed on purpose: a mail was answered 250, and before a sender reads its work record, Kafka is
told to delete it. Nobody will ever try that mail; only an audit that believes nobody can tell."""
import socket
import struct
import subprocess

from kit.mail import connect, content_for, transact
from kit.process import wait_until

WORK = "hikyaku.work"
ALERT = "MailBalanceBroken"
LOST_AFTER_S = 15  # nothing else is on its way, and this mail would take less than one
DELETE_RECORDS = 21  # key of the request


def check_silence(prometheus, seconds):
    drift = prometheus.value(f"max(max_over_time(hikyaku_balance_drift[{round(seconds)}s]))")
    fired = prometheus.instant(f'max_over_time(ALERTS{{alertname="{ALERT}"}}[{round(seconds)}s])')
    assert drift == 0 and not fired, (drift, fired)
    assert prometheus.alert_state(ALERT) == "inactive"
    print(f"balance: drift 0 for {seconds:.0f} s, {ALERT} silent", flush=True)


def place_of(broker, mail_id):
    """(partition, offset) of a mail's record on the topic work."""
    read = subprocess.run(["kcat", "-C", "-q", "-e", "-b", broker.address, "-t", WORK, "-f", "\n@@%p %o %s"],
                          capture_output=True, timeout=60, check=True).stdout
    record = next(record for record in read.split(b"\n@@") if mail_id.encode() in record)
    partition, offset, _ = record.split(b" ", 2)
    return int(partition), int(offset)


def delete_records(broker, partition, before):
    """Kafka's admin request: the partition now begins at the offset `before`."""
    def text(value):
        return struct.pack(">h", len(value)) + value.encode()
    body = (struct.pack(">hhi", DELETE_RECORDS, 0, 1) + text("test") + struct.pack(">i", 1) + text(WORK)
            + struct.pack(">iiqi", 1, partition, before, 10_000))
    with socket.create_connection(("127.0.0.1", broker.port), timeout=20) as connection, \
            connection.makefile("rb") as replies:
        connection.sendall(struct.pack(">i", len(body)) + body)
        reply = replies.read(struct.unpack(">i", replies.read(4))[0])
    _, low_watermark, error = struct.unpack(">iqh", reply[-14:])
    assert (low_watermark, error) == (before, 0), (low_watermark, error)


def lose_a_mail(watched):
    """Its id."""
    senders = watched.cluster.of("sender")
    for sender in senders:
        assert sender.process.stop(60) == 0, sender.process.tail()
    client = connect(watched.cluster.smtp_ports[0])
    code, text = transact(client, ["ok-removed@d0.example"], content_for("ok-removed@d0.example"))
    client.quit()
    assert code == 250, (code, text)
    mail_id = text.decode().rsplit(" ", 1)[1]
    partition, offset = place_of(watched.cluster.broker, mail_id)
    delete_records(watched.cluster.broker, partition, offset + 1)
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.wait_ready(90)
    return mail_id


def check_removal(watched):
    prometheus = watched.prometheus
    watched.audit.restart(LOST_AFTER_S)
    wait_until(lambda: prometheus.value('hikyaku_balance_drift and on () up{container="auditor"} == 1') == 0, 60,
               "the audit has read everything again, and there is no drift")
    mail_id = lose_a_mail(watched)
    wait_until(lambda: prometheus.alert_state(ALERT) == "firing", 90,
               f"{ALERT} fires: drift {prometheus.instant('hikyaku_balance_drift')}")
    alerts = [alert for alert in prometheus.get("alerts")["alerts"] if alert["labels"]["alertname"] == ALERT]
    assert len(alerts) == 1 and alerts[0]["state"] == "firing" and float(alerts[0]["value"]) == 1, alerts
    assert not watched.destination.to("ok-removed@d0.example"), "the removed mail was delivered all the same"
    print(f"balance: the record of {mail_id} removed; drift 1, {ALERT} fires: {alerts[0]['annotations']['summary']}",
          flush=True)
