#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The golden bounces as a mail reader sees them: Python's email package, which shares no code with
the builders, must find the parts, types and fields that docs/bounces.md promises."""

import email
import email.policy
import pathlib
import sys
import unittest

FOLDER = pathlib.Path(sys.argv.pop(1))
RETURNED = {
    "multipart-failed-full": "message/rfc822",
    "multipart-failed-forwarded": "message/rfc822",
    "multipart-failed-three": "text/rfc822-headers",
    "multipart-failed-bodyless": None,
    "multipart-failed-dsn": "text/rfc822-headers",
    "multipart-delayed": "text/rfc822-headers",
    "multipart-relayed": "text/rfc822-headers",
}
STATUSES = {
    "multipart-failed-full": [("failed", "5.1.1")],
    "multipart-failed-forwarded": [("failed", "5.1.1")],
    "multipart-failed-three": [("failed", "5.1.1"), ("failed", "4.4.7"), ("failed", "5.1.2")],
    "multipart-failed-bodyless": [("failed", "5.1.1")],
    "multipart-failed-dsn": [("failed", "5.1.1")],
    "multipart-delayed": [("delayed", "4.3.0")],
    "multipart-relayed": [("relayed", "2.0.0")],
}
REQUIRED_ONCE = ("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version",
                 "Content-Type")


def parse(path):
    return email.message_from_bytes(path.read_bytes(), policy=email.policy.compat32)


class Golden(unittest.TestCase):
    def files(self, prefix):
        found = sorted(FOLDER.glob(prefix + "*.eml"))
        self.assertTrue(found)
        return found

    def test_every_file_is_7bit_crlf_lines(self):
        for path in self.files(""):
            with self.subTest(path.name):
                data = path.read_bytes()
                self.assertTrue(data.endswith(b"\r\n"))
                self.assertNotIn(b"\n", data.replace(b"\r\n", b""))
                self.assertNotIn(b"\r", data.replace(b"\r\n", b""))
                self.assertTrue(data.isascii())
                self.assertLessEqual(max(map(len, data.split(b"\r\n"))), 998)

    def test_header_fields_come_once(self):
        for path in self.files(""):
            with self.subTest(path.name):
                mail = parse(path)
                self.assertEqual(mail.defects, [])
                for name in REQUIRED_ONCE:
                    self.assertEqual(len(mail.get_all(name, [])), 1, name)
                self.assertEqual(mail["Auto-Submitted"], "auto-replied")

    def test_reports_have_their_parts_in_order(self):
        self.assertEqual(RETURNED.keys(), {p.stem for p in self.files("multipart-")})
        for path in self.files("multipart-"):
            with self.subTest(path.name):
                mail = parse(path)
                self.assertEqual(mail.get_content_type(), "multipart/report")
                self.assertEqual(mail.get_param("report-type"), "delivery-status")
                types = [part.get_content_type() for part in mail.get_payload()]
                returned = RETURNED[path.stem]
                self.assertEqual(types, ["text/plain", "message/delivery-status"]
                                 + ([returned] if returned else []))

    def test_status_blocks_name_each_recipient_once(self):
        for path in self.files("multipart-"):
            with self.subTest(path.name):
                blocks = parse(path).get_payload()[1].get_payload()
                self.assertTrue(blocks[0]["Reporting-MTA"].startswith("dns; "))
                found = [(b["Action"], b["Status"].split()[0]) for b in blocks[1:]]
                self.assertEqual(found, STATUSES[path.stem])
                for block in blocks[1:]:
                    self.assertTrue(block["Final-Recipient"].startswith("rfc822; "))
                    self.assertIn("@", block["Final-Recipient"])
                    is_ours = block["Diagnostic-Code"].startswith("x-hikyaku; ")
                    self.assertEqual(block["Remote-MTA"] is None, is_ours)

    def test_returned_original_is_a_mail(self):
        for path in self.files("multipart-failed-f"):
            original = parse(path).get_payload()[2].get_payload()[0]
            self.assertEqual(original["Subject"], "Your order")
            self.assertEqual(original.get_payload(), "Thank you.\r\n.signature")

    def test_forwarded_copy_names_the_rewritten_return_path(self):
        mail = parse(FOLDER / "multipart-failed-forwarded.eml")
        self.assertEqual(mail["To"], "<app-42@shop.test>")
        self.assertEqual(mail.get_payload()[2].get_payload()[0]["Return-Path"], "<app-42@bounce.example>")
        self.assertEqual(mail.get_payload()[1].get_payload()[0]["X-Hikyaku-Sender"], "rfc822; app-42@shop.test")

    def test_simple_is_one_text_with_a_paragraph_per_recipient(self):
        for path in self.files("simple-"):
            with self.subTest(path.name):
                mail = parse(path)
                self.assertEqual(mail.get_content_type(), "text/plain")
                paragraphs = mail.get_payload().split("\r\n\r\n")
                self.assertTrue(paragraphs[0].startswith("Hi. This is the"))
                for paragraph in paragraphs[1:]:
                    if paragraph.startswith("---"):
                        break
                    lines = paragraph.rstrip("\r\n").split("\r\n")
                    self.assertRegex(lines[0], r"^<[^<>]+@[^<>]+>:$")
                    self.assertGreater(len(lines), 1)


if __name__ == "__main__":
    unittest.main()
