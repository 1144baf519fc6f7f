# SPDX-License-Identifier: Apache-2.0
"""clang-tidy finds nothing in the production sources (rules: .clang-tidy)."""
import json
import os
import re
import shutil
import subprocess
import tempfile

from sources import is_production, run

PROGRAM = shutil.which("clang-tidy-14") or "clang-tidy"
RUNNER = shutil.which("run-clang-tidy-14") or "run-clang-tidy"


# Of gcc's flags the two that clang 14 refuses.
UNKNOWN_TO_CLANG = re.compile(r" -fzero-call-used-regs=\S+| -ftrivial-auto-var-init=\S+")
# The analyzer does not know that a circular list has no NULL in it.
FALSE_ALARMS = {("lib/base/list.h", "clang-analyzer-core.NullDereference")}
COLOUR = re.compile(r"\x1b\[[0-9;]*[mK]")


def production_commands(root, build):
    """The compile commands of our own sources, as clang understands them."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        entries = json.load(file)
    for entry in entries:
        path = os.path.relpath(os.path.join(entry["directory"], entry["file"]), root)
        if is_production(path):
            yield {**entry, "command": UNKNOWN_TO_CLANG.sub("", entry["command"])}


def tidy(root, build):
    with tempfile.TemporaryDirectory(prefix="hikyaku-tidy-") as folder:
        with open(os.path.join(folder, "compile_commands.json"), "w", encoding="utf-8") as file:
            json.dump(list(production_commands(root, build)), file)
        command = [RUNNER, "-clang-tidy-binary", PROGRAM, "-quiet", "-p", folder, "-j", str(os.cpu_count() or 2)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    output = COLOUR.sub("", done.stdout)
    found = set(re.findall(r"^(/\S+?):(\d+):\d+: (?:error|warning): (.*)", output, re.M))
    for path, line, sentence in sorted(found):
        path = os.path.relpath(path, root)
        if not any(path == where and check in sentence for where, check in FALSE_ALARMS):
            yield path, line, sentence
    if done.returncode != 0 and not found:
        yield RUNNER, 0, "failed:\n" + output[-4000:]


if __name__ == "__main__":
    run(tidy)
