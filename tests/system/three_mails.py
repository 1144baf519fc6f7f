#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The three demonstration mails through two processes of each service on real Kafka and Redis:
delivered at once, greylisted and delivered by a retry, refused and bounced."""
import email
import email.policy
import smtplib

from kit.cluster import Cluster, private_folder
from kit.destination import Destination

SENDER = "shop@sender.example"
RETRY = ['configurations=({retry={interval="linear"; a_s=2; period_s=60;};})', "scheduler.rebuild_grace_ms=1000"]


def send(port, rcpt):
    content = f"From: <{SENDER}>\r\nTo: <{rcpt}>\r\nSubject: test\r\nMessage-ID: <{rcpt}>\r\n\r\nHello\r\n"
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        refused = client.sendmail(SENDER, [rcpt], content)
    assert not refused, refused


def check_report(arrival):
    assert arrival.sender == "", f"a report must come from <>, not {arrival.sender}"
    report = email.message_from_bytes(arrival.content, policy=email.policy.default)
    assert report.get_content_type() == "multipart/report", report.get_content_type()
    status = next(part for part in report.walk() if part.get_content_type() == "message/delivery-status")
    fields = status.get_payload()[1]
    assert fields["Final-Recipient"] == "rfc822; gone@dest.example", fields.items()
    assert fields["Action"] == "failed" and fields["Status"].startswith("5.1.1"), fields.items()
    assert "550 5.1.1" in fields["Diagnostic-Code"], fields.items()


def main():
    destination = Destination()
    with private_folder("three-mails") as folder:
        with Cluster(folder, destination, count=2, settings=RETRY) as cluster:
            for port in cluster.smtp_ports:
                send(port, f"ok-{port}@dest.example")
                destination.wait_for(lambda d, p=port: d.to(f"ok-{p}@dest.example"), 30, "delivered at once")
            send(cluster.smtp_ports[0], "grey@dest.example")
            destination.wait_for(lambda d: d.refusals, 30, "greylisted")
            destination.wait_for(lambda d: d.to("grey@dest.example"), 30, "delivered by a retry")
            send(cluster.smtp_ports[1], "gone@dest.example")
            destination.wait_for(lambda d: d.to(SENDER), 30, "bounced")
            check_report(destination.to(SENDER)[0])
            assert len(destination.arrivals) == 4, [a.rcpt for a in destination.arrivals]
            for service in cluster.services.values():
                status = service.process.stop(40)
                assert status == 0, f"{service.name} ended with {status} after SIGTERM\n{service.process.tail()}"
    print("three mails: delivered, delivered by a retry, bounced; 8 processes drained")


if __name__ == "__main__":
    main()
