#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""hikyakuctl topics apply|check against a real broker: what it creates, grows, leaves alone, refuses."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

from broker import Broker

BUILD = pathlib.Path(os.environ.get("HIKYAKU_BUILD", "build/bin"))
ONE_BROKER = ["log.replication=1", "log.min_insync=1", "log.work_partitions=8",
              "log.body_partitions=4", "log.timer_partitions=4"]


class TopicsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="hikyaku-topics-")
        cls.broker = Broker(pathlib.Path(cls.folder.name) / "broker")
        cls.broker.start()

    @classmethod
    def tearDownClass(cls):
        cls.broker.kill()
        cls.folder.cleanup()

    def setUp(self):
        self.file = pathlib.Path(self.folder.name) / f"{self.id()}.conf"
        self.file.write_text(f'log = {{ brokers = "127.0.0.1:{self.broker.port}"; '
                             f'topic_prefix = "{self.id().rsplit(".", 1)[-1]}."; }}\n')

    def ctl(self, *words, sets=()):
        options = [part for one in (*ONE_BROKER, *sets) for part in ("--set", one)]
        return subprocess.run([BUILD / "hikyakuctl", *words, "-c", str(self.file), *options],
                              capture_output=True, text=True, timeout=90, check=False)

    def differences(self, *words, sets=()):
        answer = json.loads(self.ctl(*words, "--json", sets=sets).stdout)
        return {(row["topic"].rsplit(".", 1)[-1], row["what"]): row["verdict"]
                for row in answer["differences"]}

    def test_apply_creates_all_and_check_agrees(self):
        missing = self.ctl("topics", "check")
        self.assertEqual(missing.returncode, 1)
        self.assertEqual(missing.stdout.count("missing"), 14, missing.stdout)
        applied = self.ctl("topics", "apply")
        self.assertEqual((applied.returncode, applied.stdout.count("created")), (0, 7), applied)
        checked = self.ctl("topics", "check")
        self.assertEqual((checked.returncode, checked.stdout.strip()),
                         (0, "all topics are as they should be"))
        self.assertEqual(self.ctl("topics", "apply").stdout, checked.stdout)

    def test_only_grow_grows_and_never_the_timer(self):
        self.assertEqual(self.ctl("topics", "apply").returncode, 0)
        more = ["log.work_partitions=12", "log.timer_partitions=12"]
        expected = {("work", "partitions"): "too few", ("timer", "partitions"): "fixed"}
        self.assertEqual(self.differences("topics", "check", sets=more), expected)
        self.assertEqual(self.differences("topics", "apply", sets=more), expected)
        expected["work", "partitions"] = "grown"
        self.assertEqual(self.differences("topics", "apply", "--grow", sets=more), expected)
        del expected["work", "partitions"]
        self.assertEqual(self.differences("topics", "check", sets=more), expected)
        self.assertEqual(self.differences("topics", "apply", "--grow"),
                         {}, "fewer partitions in the settings shrink nothing")

    def test_retention_below_the_retry_period_is_refused(self):
        self.assertEqual(self.ctl("topics", "apply", sets=["configurations=({retry={period_s=3600;};})"]).returncode, 0)
        longer = ["configurations=({retry={period_s=86400;};})"]
        for verb in ("check", "apply"):
            answer = self.ctl("topics", verb, sets=longer)
            self.assertEqual(answer.returncode, 1)
            self.assertRegex(answer.stdout, r"refused: topic \S+work has retention.ms=90000000 .* "
                                            r"172800000 is needed")
        self.assertEqual(self.differences("topics", "check", sets=longer)["body", "retention.ms"],
                         "REFUSED")

    def test_a_broker_that_is_away_is_waited_for(self):
        self.broker.kill()
        begun = time.monotonic()
        answer = self.ctl("topics", "check", "--wait", "3")
        self.assertEqual(answer.returncode, 1)
        self.assertIn("waiting for the brokers", answer.stderr)
        self.assertIn("no Kafka broker of 127.0.0.1:", answer.stderr)
        self.assertLess(time.monotonic() - begun, 15)
        waiting = subprocess.Popen([BUILD / "hikyakuctl", "topics", "check", "-c", str(self.file),
                                    "--wait", "60"], stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True)
        self.broker.start()
        self.assertIn("missing", waiting.communicate(timeout=70)[0])

    def test_wrong_use_is_exit_2_with_a_sentence(self):
        for words, sets, sentence in (
                (["topics"], [], "apply, check"),
                (["topics", "delete"], [], "apply, check"),
                (["tropics"], [], 'unknown verb "tropics"'),
                (["topics", "check", "--weit", "3"], [], "unknown option --weit"),
                (["topics", "check", "--wait", "x"], [], '--wait is "x"'),
                (["topics", "check"], ["log.linger_ms=-1"], "linger_ms"),
                (["topics", "check"], ["log.min_insync=3"], "min_insync"),
                (["topics", "check"], ['log.librdkafka=["no.such=1"]'], "no.such")):
            with self.subTest(words=words, sets=sets):
                answer = self.ctl(*words, sets=sets)
                self.assertEqual(answer.returncode, 2, answer)
                self.assertIn(sentence, answer.stderr)

    def test_help_teaches(self):
        self.assertIn("topics", self.ctl("--help").stdout)
        self.assertIn("examples:", self.ctl("topics", "--help").stdout)
        self.assertRegex(self.ctl("version").stdout, r"^hikyakuctl \d+\.\d+\.\d+\n$")


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=1))
