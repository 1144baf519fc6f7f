# SPDX-License-Identifier: Apache-2.0
"""Layers only point down, services never include each other, each vendor header has one folder."""
import re

from sources import SERVICES, code, files, is_production, line_of, read, run

BASE = {"base"}
LOWER = BASE | {"net", "conf", "mail", "proxy"}
MIDDLE = LOWER | {"smtp", "profile", "dns", "proto"}
ALL = MIDDLE | {"bus", "redis", "service"}
# Folder -> folders it may include besides itself.
ALLOWED = {
    "lib/base": set(),
    "lib/net": BASE,
    "lib/conf": BASE,
    "lib/mail": BASE,
    "lib/proxy": BASE,
    "lib/smtp": BASE | {"mail"},
    "lib/profile": BASE | {"mail", "conf"},
    "lib/dns": BASE | {"net", "conf", "mail"},
    "proto": BASE | {"conf", "mail"},
    "lib/bus": MIDDLE,
    "lib/redis": MIDDLE,
    "lib/service": MIDDLE | {"bus", "redis"},
    **{service: ALL for service in SERVICES},
    "hikyaku": ALL | set(SERVICES),
    "ctl": ALL | set(SERVICES) | {"hikyaku"},
}
# Beginning of a vendor header's name -> the one folder.
VENDORS = {
    "uv.h": "lib/net", "openssl/": "lib/net", "unbound": "lib/dns", "libconfig": "lib/conf",
    "protobuf-c/": "proto", "hikyaku.pb-c.h": "proto", "librdkafka/": "lib/bus/kafka", "lmdb.h": "lib/bus/lmdb",
    "hiredis/": "lib/redis", "microhttpd": "lib/service", "jansson": "ctl",
}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+([<"])([^">]+)[">]', re.M)


def folder_of(path):
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] == "lib" else parts[0]


def check_project(path, header):
    """A sentence, or None, for #include "header"."""
    folder, target = folder_of(path), header.split("/")[0]
    if "/" not in header:  # a neighbour in the same folder, or a generated header
        return None
    name = folder.split("/")[-1]
    if target != name and target not in ALLOWED.get(folder, set()):
        return f'{folder} must not include "{header}": layers point down only'
    if target in SERVICES and folder == "hikyaku" and header != f"{target}/{target}.h":
        return f'hikyaku knows of {target} only "{target}/{target}.h"'
    for back_end in ("bus/kafka/", "bus/lmdb/"):
        if header.startswith(back_end) and not path.startswith(("lib/" + back_end, "ctl/")):
            return f'"{header}" belongs to that back end alone'
    if header.endswith("_internal.h") and target != name:
        return f'"{header}" is private to its folder'
    return None


def check_vendor(path, header):
    for beginning, folder in VENDORS.items():
        if header.startswith(beginning) and not path.startswith(folder + "/"):
            return f"{header} may be included in {folder} only"
    return None


def layers(root):
    for path in files(root, (".c", ".h")):
        if not is_production(path):
            continue
        text = read(root, path)
        plain = code(text)
        for match in INCLUDE.finditer(text):
            if plain[match.start():match.end()].strip()[:1] != "#":
                continue
            kind, header = match.groups()
            sentence = check_vendor(path, header)
            if not sentence and kind == '"':
                sentence = check_project(path, header)
            if sentence:
                yield path, line_of(text, match.start()), sentence


if __name__ == "__main__":
    run(layers)
