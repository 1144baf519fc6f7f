# SPDX-License-Identifier: Apache-2.0
"""clang-format has nothing to change."""
import os
import re
import shutil
import subprocess

from sources import files, run

PROGRAM = shutil.which("clang-format-14") or "clang-format"


def formatting(root):
    paths = list(files(root, (".c", ".h")))
    command = [PROGRAM, "--dry-run", "-Werror", "--ferror-limit=1", *paths]
    done = subprocess.run(command, cwd=root, stderr=subprocess.PIPE, text=True, check=False)
    for match in re.finditer(r"^(\S+?):(\d+):\d+: error: (.*)", done.stderr, re.M):
        yield os.path.relpath(match.group(1), root) if match.group(1).startswith("/") else match.group(1), \
            match.group(2), match.group(3)
    if done.returncode != 0 and "error:" not in done.stderr:
        yield PROGRAM, 0, done.stderr.strip()


if __name__ == "__main__":
    run(formatting)
