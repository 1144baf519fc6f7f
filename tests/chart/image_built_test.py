# SPDX-License-Identifier: Apache-2.0
"""The image as it comes out of the Dockerfile (image.py): what it says about itself, its programs and its default
command run confined, and its bill of materials. scripts/test-chart --image; skipped where nothing can build it."""
import json
import subprocess
import sys
import unittest

import chart
import image

LARGEST_MB = 300
SBOM = chart.ROOT / "scripts/sbom"
# The image's own command beside a client, in one network: started, asked, sent a mail, told to end.
LIFE = """
"$@" > /tmp/log & hikyaku=$!
tries=0
until hikyakuctl send --helo client.example; do tries=$((tries + 1)); [ $tries -lt 100 ] || exit 9; sleep 0.1; done
hikyakuctl send --helo client.example --to someone@example.com --sender app@example.com || exit 8
hikyakuctl metrics --address 127.0.0.1:9090 > /tmp/metrics || exit 7
kill -TERM $hikyaku; wait $hikyaku || exit 6
"""


class Built(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if image.missing():
            raise unittest.SkipTest(f"the image is not built: {image.missing()}")
        cls.image = image.Image()
        cls.addClassCleanup(cls.image.remove)

    def bill(self, *flags):
        done = subprocess.run([sys.executable, SBOM, *flags, self.image.root], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_configuration(self):
        said = self.image.configuration()
        self.assertEqual(said["User"], f"{image.USER}:{image.USER}")
        self.assertEqual(said["Cmd"], ["hikyaku", "-c", "/etc/hikyaku/hikyaku.conf"])
        self.assertEqual(set(said["ExposedPorts"]), {"2525/tcp", "2587/tcp", "9090/tcp"})
        self.assertEqual(said["Labels"]["org.opencontainers.image.licenses"], "Apache-2.0")

    def test_programs(self):
        for command in (["hikyaku", "--version"], ["hikyakuctl", "version"],
                        *([f"hikyaku-{role}", "--version"] for role in chart.ROLES)):
            with self.subTest(program=command[0]):
                done = self.image.run(*command)
                self.assertEqual(done.returncode, 0, done.stdout)
                self.assertRegex(done.stdout, r"^hikyaku[a-z-]* \d+\.\d+\.\d+\n$")

    def test_confined(self):
        self.assertIn(f"uid={image.USER} gid={image.USER}", self.image.run("id").stdout)
        for place in ("/x", "/etc/hikyaku/x", "/usr/local/bin/x"):
            self.assertNotEqual(self.image.run("touch", place).returncode, 0, place)

    def test_default_command(self):
        done = self.image.run("sh", "-c", LIFE, "life", *self.image.configuration()["Cmd"])
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("queued as", done.stdout)

    def test_no_build_tools(self):
        for program in ("gcc", "cmake", "ninja", "python3"):
            self.assertNotEqual(self.image.run("which", program).returncode, 0, program)

    def test_size(self):
        print(f"image: {self.image.size_mb()} MB unpacked", flush=True)
        self.assertLess(self.image.size_mb(), LARGEST_MB)

    def test_bill_of_materials(self):
        said = json.loads(self.bill())
        self.assertEqual(said["bomFormat"], "CycloneDX")
        names = {one["bom-ref"] for one in said["components"]}
        [own] = said["dependencies"]
        self.assertLessEqual(set(own["dependsOn"]), names)
        self.assertLessEqual({f"deb:{name}" for name in ("libc6", "librdkafka1", "libssl3", "libuv1")},
                             set(own["dependsOn"]))
        self.assertLessEqual({"deb:redis-server", "deb:ca-certificates", "deb:dns-root-data"}, names)
        self.assertEqual(self.bill(), json.dumps(said, indent=1, ensure_ascii=False) + "\n", "not the same twice")

    def test_each_licence_is_known(self):
        for line in self.bill("--licences").splitlines():
            with self.subTest(package=line.split()[0]):
                self.assertRegex(line, r"^\S+ \S+: \S")


if __name__ == "__main__":
    unittest.main()
