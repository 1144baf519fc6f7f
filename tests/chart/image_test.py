# SPDX-License-Identifier: Apache-2.0
"""The Dockerfile and the examples for one machine, as far as they can be judged without running them: rules for the
image, paths that exist, the unit through systemd-analyze, and the command lines through the program itself."""
import configparser
import fnmatch
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import yaml

import chart

PROGRAMS = pathlib.Path(os.environ.get("HIKYAKU_BUILD", chart.ROOT / "build/tests/bin"))
COMPOSE = chart.ROOT / "examples/compose/compose.yaml"
UNIT = chart.ROOT / "examples/systemd/hikyaku.service"
IMAGE_CONFIGURATION = "/etc/hikyaku/hikyaku.conf"
EMBEDDED = chart.ROOT / "examples/embedded.conf"


def instructions():
    """(instruction, arguments) with continued lines joined."""
    lines = [line for line in (chart.ROOT / "Dockerfile").read_text().splitlines() if not line.startswith("#")]
    text = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [tuple(line.split(" ", 1)) for line in text.splitlines() if line.strip()]


def check(command):
    """The program's own verdict on a command line of the image, over the file that is in the image."""
    program, *arguments = command
    line = [PROGRAMS / pathlib.Path(program).name, *arguments, "--check-config"]
    line = [str(EMBEDDED) if argument == IMAGE_CONFIGURATION else argument for argument in line]
    return subprocess.run(line, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


class Dockerfile(unittest.TestCase):
    def test_bases(self):
        bases = [arguments.split()[0] for name, arguments in instructions() if name == "FROM"]
        self.assertEqual(bases, ["debian:bookworm-slim"] * 2)

    def test_nobody_in_particular(self):
        users = [arguments for name, arguments in instructions() if name == "USER"]
        self.assertEqual(users, ["65532:65532"])
        names = [name for name, _ in instructions()]
        self.assertGreater(names.index("USER"), len(names) - 1 - names[::-1].index("COPY"), "USER comes last")

    def test_same_steps_as_scripts_run(self):
        runs = " ".join(arguments for name, arguments in instructions() if name == "RUN")
        demonstration = (chart.ROOT / "scripts/run").read_text()
        for step in ("scripts/install-packages run", "scripts/build release"):
            self.assertIn(step, runs)
            self.assertIn(step, demonstration)

    def test_hygiene(self):
        for name, arguments in instructions():
            self.assertNotIn(name, ("ADD", "ENV", "HEALTHCHECK", "SHELL"))
            if name == "CMD":
                self.assertTrue(arguments.startswith("["), "without a shell")
            if "apt-get install" in arguments:
                self.assertIn("--no-install-recommends", arguments)
                self.assertIn("rm -rf /var/lib/apt/lists", arguments)

    def test_what_is_copied_is_not_ignored(self):
        kept = [line[1:] for line in (chart.ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
        needed = [arguments.split()[:-1] for name, arguments in instructions()
                  if name == "COPY" and not arguments.startswith("--from")]
        for path in [one for paths in needed for one in paths if one != "."] + ["examples/embedded.conf"]:
            self.assertTrue(any(fnmatch.fnmatch(path, one) for one in kept), path)
            self.assertTrue((chart.ROOT / path).exists(), path)
        for folder in re.search(r"foreach\(folder IN ITEMS([^)]*)\)",
                                (chart.ROOT / "CMakeLists.txt").read_text())[1].split():
            self.assertIn(folder.split("/")[0], kept, "the build needs it")

    def runtime_packages(self):
        """The line that finds them, run here over the same programs."""
        [line] = [arguments for name, arguments in instructions() if name == "RUN" and arguments.startswith("ldd ")]
        line = line.replace("build/release/bin", str(PROGRAMS)).split(" > ")[0]
        done = subprocess.run(["sh", "-c", line], text=True, stdout=subprocess.PIPE)
        return set(done.stdout.split())

    def test_runtime_packages(self):
        self.assertLessEqual({"libc6", "libuv1", "librdkafka1", "libunbound8", "libmicrohttpd12", "zlib1g"},
                             self.runtime_packages())

    def test_bill_of_materials_has_each_library(self):
        """scripts/sbom asks the loader, the Dockerfile asks ldd."""
        done = subprocess.run([chart.ROOT / "scripts/sbom", "/", PROGRAMS], text=True, stdout=subprocess.PIPE)
        self.assertEqual(done.returncode, 0)
        [own] = json.loads(done.stdout)["dependencies"]
        self.assertEqual(set(own["dependsOn"]), {f"deb:{name}" for name in self.runtime_packages()})

    def test_command(self):
        [command] = [arguments for name, arguments in instructions() if name == "CMD"]
        done = check(re.findall(r'"([^"]*)"', command))
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_ports(self):
        exposed = {int(port) for name, arguments in instructions() if name == "EXPOSE" for port in arguments.split()}
        values = yaml.safe_load((chart.CHART / "values.yaml").read_text())
        self.assertEqual(exposed, {9090, *(listener["port"] for listener in values["listeners"])})

    def test_versions_agree(self):
        version = re.search(r"project\(hikyaku VERSION ([\d.]+)", (chart.ROOT / "CMakeLists.txt").read_text())[1]
        meta = yaml.safe_load((chart.CHART / "Chart.yaml").read_text())
        self.assertEqual(meta["appVersion"], version)
        self.assertIn(f"hikyaku:{version}", COMPOSE.read_text())


class Compose(unittest.TestCase):
    def setUp(self):
        self.service = yaml.safe_load(COMPOSE.read_text())["services"]["hikyaku"]

    def test_command(self):
        done = check(self.service["command"])
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_confined(self):
        self.assertIs(self.service["read_only"], True)
        self.assertEqual(self.service["cap_drop"], ["ALL"])
        self.assertEqual(self.service["user"], "65532:65532")
        for port in self.service["ports"]:
            self.assertTrue(port.startswith("127.0.0.1:"), "never open to the world by default")

    def test_grace(self):
        drain = int(re.search(r"drain_s = (\d+)", EMBEDDED.read_text())[1])
        self.assertGreater(int(self.service["stop_grace_period"].rstrip("s")), drain + 10)

    def test_build_context(self):
        self.assertTrue((COMPOSE.parent / self.service["build"] / "Dockerfile").exists())


class Unit(unittest.TestCase):
    def read(self):
        unit = configparser.ConfigParser(strict=False, interpolation=None)
        unit.optionxform = str
        unit.read(UNIT)
        return unit["Service"]

    def test_grace(self):
        drain = int(re.search(r"drain_s = (\d+)", EMBEDDED.read_text())[1])
        self.assertGreater(int(self.read()["TimeoutStopSec"]), drain + 10)

    def test_command(self):
        program, *arguments = self.read()["ExecStart"].split()
        done = check([program, *(IMAGE_CONFIGURATION if "CREDENTIALS" in one else one for one in arguments)])
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_systemd_accepts_it(self):
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder) / UNIT.name
            copy.write_text(UNIT.read_text().replace("/usr/local/bin/hikyaku", "/bin/true"))
            done = subprocess.run(["systemd-analyze", "verify", "--man=no", copy], text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            mine = [line for line in done.stdout.splitlines() if UNIT.name in line]
            self.assertEqual((done.returncode, mine), (0, []), done.stdout)


if __name__ == "__main__":
    unittest.main()
