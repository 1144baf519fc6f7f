# SPDX-License-Identifier: Apache-2.0
"""Each source says its licence first; no file knows the machine it was written on; text ends well."""
import re

from sources import files, read, run

LICENCE = "SPDX-License-Identifier: Apache-2.0"
LICENSED = (".c", ".h", ".py", ".cmake", "CMakeLists.txt", ".proto", ".lua", ".sh", ".def", ".conf")
# The pieces are apart so that this file does not find itself.
MACHINE = re.compile(r"(?<![\w.$}])/(?:" + "wo" + r"rk|ro" + r"ot|ho" + r"me/\w+)/|/tmp/" + r"b-\w|(?:art" +
                     r"ifactory|nex" + r"us)\.\w+\.\w+")
BINARY = (".png", ".gz", ".jar", ".ico", ".woff2")


def check_licence(path, text):
    lines = text.split("\n", 2)
    first = lines[1] if len(lines) > 1 and lines[0].startswith("#!") else lines[0]
    if LICENCE not in first:
        yield path, 1, f"the first line must say {LICENCE}"
    elif path.endswith((".c", ".h")) and not text.startswith("/* " + LICENCE + "\n * "):
        yield path, 1, "the file comment must say what the file owns"


def check_lines(path, text):
    for number, line in enumerate(text.split("\n"), 1):
        found = MACHINE.search(line)
        if found:
            yield path, number, f"{found.group(0)}: a path of one machine"
        if line.endswith((" ", "\t")) and not path.endswith((".md", ".eml")):
            yield path, number, "blanks at the end of the line"


def contents(root):
    for path in files(root):
        if path.endswith(BINARY) or path.startswith(("tests/fuzz/corpus", "tests/golden")):
            continue
        text = read(root, path)
        is_script = path.startswith(("scripts/", "bench/")) and text.startswith("#!")
        if path.endswith(LICENSED) or is_script:
            yield from check_licence(path, text)
        if "\0" in text:
            continue
        yield from check_lines(path, text)
        if path.endswith((".c", ".h", ".py", ".md")) and text and not text.endswith("\n"):
            yield path, text.count("\n") + 1, "no line end at the end of the file"


if __name__ == "__main__":
    run(contents)
