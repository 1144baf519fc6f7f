# SPDX-License-Identifier: Apache-2.0
"""Functions of a C file, by the shape clang-format gives them: signature and braces in column 0."""
import re
from collections import namedtuple

from sources import code, line_of

Function = namedtuple("Function", "name line length parameters nesting")
# The last line of the signature ends with ")" and the next one is "{".
BODY = re.compile(r"\)\n\{\n(.*?)^\}", re.S | re.M)
CONTROL = ("if", "for", "while", "switch", "do", "else")


def _signature_start(plain, end):
    """The first line of the declaration whose parameters end at `end`."""
    start = plain.rfind("\n", 0, end) + 1
    while start > 0:
        previous = plain.rfind("\n", 0, start - 1) + 1
        line = plain[previous:start].strip()
        if not line or line.startswith("#") or line.endswith((";", "}", "\\")):
            break
        start = previous
    return start


def _parameters(signature):
    """How many there are, without outputs (ret_...) and the error."""
    depth, parameters = 0, [""]
    for char in signature[signature.index("(") + 1:signature.rindex(")")]:
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            parameters.append("")
        else:
            parameters[-1] += char
    return sum(1 for text in parameters
               if text.strip() not in ("", "void") and not re.search(r"\bret_\w+$|\bstruct err \*\w+$", text.strip()))


def _nesting(body):
    """The deepest indentation of a control statement, in levels below the function itself.
    A brace-less body counts, a continuation line does not."""
    deepest = 0
    for line in body.split("\n"):
        word = re.match(r" *([a-z]+)\b", line)
        if word and word.group(1) in CONTROL and word.group(1) != "else":
            indent = (len(line) - len(line.lstrip(" "))) // 4
            deepest = max(deepest, indent)
    return deepest


def functions(text):
    plain = code(text)
    for match in BODY.finditer(plain):
        start = _signature_start(plain, match.start())
        signature = plain[start:match.start() + 1]
        name = re.search(r"(\w+)\s*\(", signature)
        if not name:
            continue
        first, last = line_of(plain, start), line_of(plain, match.end())
        yield Function(name.group(1), first, last - first + 1,
                       _parameters(signature[name.start():]), _nesting(match.group(1)))
