# SPDX-License-Identifier: Apache-2.0
"""The part of values.schema.json below definitions.settings, from what the programs say about their settings.

    python3 tests/chart/settings_schema.py BIN_FOLDER           says whether the schema is as the programs say
    python3 tests/chart/settings_schema.py BIN_FOLDER --write   makes it so
"""
import json
import pathlib
import re
import subprocess
import sys

SCHEMA = pathlib.Path(__file__).resolve().parents[2] / "helm/hikyaku/values.schema.json"
ROLES = ("ingress", "scheduler", "sender", "bouncer")
ROW = re.compile(r"^\| `([\w.]+)` \| (.*?) \| (.*?) \| (.*) \|$")
# What the chart decides itself.
OWNED = {
    "log": {"brokers", "instance_id", "librdkafka", "librdkafka_files"},
    "logging": {"level"},
    "redis": {"address", "database", "password", "password_file", "tls", "tls_ca", "tls_certificate", "tls_key", "tls_name",
              "username"},
    "ingress": {"hostname", "users_file"},
    "sender": {"hostname"},
    "bouncer": {"reporting_mta"},
    "listeners": {"name", "address", "port", "public_port", "certificate", "key"},
}
OWNED_SECTIONS = {"service", "embedded"}
NUMBER = r"(-?\d+)"


def schema_of(allowed):
    """A setting's schema from the words of the reference."""
    found = re.match(rf"an integer from {NUMBER} to {NUMBER}", allowed)
    if found:
        return {"type": "integer", "minimum": int(found[1]), "maximum": int(found[2])}
    if allowed.startswith("true or false"):
        return {"type": "boolean"}
    if allowed.startswith("a size"):
        return {"type": ["integer", "string"]}
    if allowed.startswith("a list"):
        return {"type": "array", "items": {"type": "string"}}
    if allowed.startswith("a string"):
        found = re.search(r"(?:to|of) (\d+) characters", allowed)
        return {"type": "string", **({"maxLength": int(found[1])} if found else {})}
    words = re.findall(r'"([^"]+)"', allowed)
    if words and allowed.startswith('"'):
        return {"enum": words}
    raise SystemExit(f"{__file__}: no rule for the words: {allowed}")


def put(section, path, schema):
    """A name with dots is a setting in a nested group."""
    *groups, name = path.split(".")
    for group in groups:
        section = section["properties"].setdefault(group, closed())
    section["properties"][name] = schema


def closed():
    return {"type": "object", "additionalProperties": False, "properties": {}}


def read_reference(text, sections):
    name, is_list = None, False
    for line in text.splitlines():
        if line.startswith("## "):
            name, is_list = line[3:].split()[0], line.endswith("(list)")
        row = ROW.match(line)
        if not row or name in OWNED_SECTIONS or row[1] in OWNED.get(name, ()):
            continue
        section = sections.setdefault(name, [is_list, closed()])
        put(section[1], row[1], {**schema_of(row[2]), "description": row[4]})


def settings(folder):
    """Section name -> schema, as all services of the folder say; listeners apart."""
    sections = {}
    for program in [[f"hikyaku-{role}"] for role in ROLES] + [["hikyakuctl", "audit"]]:
        command = [pathlib.Path(folder) / program[0], *program[1:], "--print-reference"]
        read_reference(subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout, sections)
    listener = sections.pop("listeners")[1]
    whole = closed()
    for name in sorted(sections):
        is_list, section = sections[name]
        whole["properties"][name] = {"type": "array", "items": section} if is_list else section
    return whole, listener


def main():
    folder, *flags = sys.argv[1:]
    schema = json.loads(SCHEMA.read_text())
    before = json.dumps(schema)
    schema["definitions"]["settings"], schema["definitions"]["listenerSettings"] = settings(folder)
    if flags == ["--write"]:
        SCHEMA.write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n")
    elif json.dumps(schema) != before:
        raise SystemExit("values.schema.json does not say what the programs say about their settings: "
                         "python3 tests/chart/settings_schema.py BIN_FOLDER --write")


if __name__ == "__main__":
    main()
