# SPDX-License-Identifier: Apache-2.0
"""The glossary: words that say nothing are not part of any name, of a file or in code."""
import os
import re

from sources import code, files, line_of, read, run

BANNED = {"manager", "handler", "util", "utils", "common", "misc", "context", "helper", "helpers"}
BARE = {"message", "messages"}  # alone: a mail, a parcel or a record?
# Names that vendors chose.
VENDOR = re.compile(r"^(?:rd_kafka|RD_KAFKA|MHD|SSL|X509|EVP|uv|ub|config|mdb|MDB|redis[A-Z]|protobuf|Protobuf|PROTOBUF)")
MEMBER_OF_VENDOR = {"util"}


def words(name):
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower().split("_")


def check(name):
    if VENDOR.match(name):
        return None
    if name.lower() in BARE:
        return name.lower()
    return next((word for word in words(name) if word in BANNED), None)


def names(root):
    for path in files(root):
        stem = os.path.basename(path).split(".")[0].replace("-", "_")
        folder = os.path.basename(os.path.dirname(path))
        for part in (stem, folder):
            word = check(part)
            if word and not path.startswith("helm/"):
                yield path, 1, f'"{word}" says nothing: name the thing (docs/glossary.md)'
    for path in files(root, (".c", ".h")):
        plain = code(read(root, path))
        plain = re.sub(r"^[ \t]*#[ \t]*include.*", "", plain, flags=re.M)
        for match in re.finditer(r"\b[A-Za-z_]\w*\b", plain):
            word = check(match.group(0))
            if word:
                yield (path, line_of(plain, match.start()),
                       f'{match.group(0)}: "{word}" says nothing: name the thing (docs/glossary.md)')


if __name__ == "__main__":
    run(names)
