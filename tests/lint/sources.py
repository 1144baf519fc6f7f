# SPDX-License-Identifier: Apache-2.0
"""What the rules share: the project's files, C text without comments and literals, findings."""
import os
import re
import sys

SKIPPED_FOLDERS = {".git", ".cache", "__pycache__", "node_modules", "build"}
SERVICES = ("ingress", "scheduler", "sender", "bouncer")
PRODUCTION = ("lib", "proto", *SERVICES, "hikyaku", "ctl")
PIECES = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def files(root, suffixes=()):
    """Paths of all files, relative to the root, in order."""
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = sorted(name for name in subfolders
                               if name not in SKIPPED_FOLDERS and not name.startswith("build-"))
        for name in sorted(names):
            if not suffixes or name.endswith(tuple(suffixes)):
                yield os.path.relpath(os.path.join(folder, name), root)


def is_production(path):
    return path.split("/")[0] in PRODUCTION


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def _blank(match):
    piece = match.group(0)
    if piece[0] in "\"'":
        return piece[0] + " " * (len(piece) - 2) + piece[0]
    return re.sub(r"[^\n]", " ", piece)


def code(text):
    """C text of the same shape with comments and the content of literals blanked."""
    return PIECES.sub(_blank, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def run(rule, *arguments):
    """Prints what rule(root, ...) yields as (path, line, sentence); exits 1 if there was anything."""
    findings = list(rule(*(sys.argv[1:] if not arguments else arguments)))
    for path, line, sentence in findings:
        print(f"{path}:{line}: {sentence}")
    sys.exit(1 if findings else 0)
