#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One event of each kind, written by the real event_put (dump_events), against proto/events/*.json.

Knows the few draft-07 keywords that the schemas use and refuses any other, so that the test needs
nothing but Python."""

import json
import pathlib
import re
import subprocess
import sys

TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
SILENT = {"$schema", "$id", "title", "description", "definitions"}


class Invalid(Exception):
    pass


def resolve(reference, root, schemas):
    name, _, path = reference.partition("#")
    root = schemas[name.removesuffix(".json")] if name else root
    found = root
    for step in filter(None, path.split("/")):
        found = found[step]
    return found, root


def check_object(value, schema):
    missing = set(schema.get("required", ())) - value.keys()
    if missing:
        raise Invalid(f"without {sorted(missing)}")


def check_keyword(value, keyword, wanted):
    is_number = isinstance(value, int) and not isinstance(value, bool)
    verdicts = {
        "type": lambda: isinstance(value, TYPES[wanted]) and (wanted == "boolean" or not isinstance(value, bool)),
        "const": lambda: value == wanted,
        "enum": lambda: value in wanted,
        "pattern": lambda: re.search(wanted, value),
        "minimum": lambda: is_number and value >= wanted,
        "maximum": lambda: is_number and value <= wanted,
        "minItems": lambda: len(value) >= wanted,
    }
    if not verdicts[keyword]():
        raise Invalid(f"{value!r} is not {keyword} {wanted!r}")


def validate(value, schema, root, schemas):
    for keyword, wanted in schema.items():
        if keyword == "$ref":
            validate(value, *resolve(wanted, root, schemas), schemas)
        elif keyword == "allOf":
            for part in wanted:
                validate(value, part, root, schemas)
        elif keyword == "properties":
            for name in wanted.keys() & value.keys():
                validate(value[name], wanted[name], root, schemas)
        elif keyword == "items":
            for item in value:
                validate(item, wanted, root, schemas)
        elif keyword == "required":
            check_object(value, schema)
        elif keyword not in SILENT:
            check_keyword(value, keyword, wanted)


def must_refuse(event, schema, schemas, why):
    try:
        validate(event, schema, schema, schemas)
    except Invalid:
        return
    sys.exit(f"{schema['$id']} accepts {why}")


def main(dump, folder):
    schemas = {path.stem: json.loads(path.read_text()) for path in pathlib.Path(folder).glob("*.json")}
    events = [json.loads(line) for line in subprocess.check_output([dump], text=True).splitlines()]
    kinds = [event["type"].removeprefix("hikyaku.mail.") for event in events]
    if set(kinds) != schemas.keys() - {"mail"}:
        sys.exit(f"kinds {sorted(kinds)} but schemas {sorted(schemas)}")
    for kind, event in zip(kinds, events):
        schema = schemas[kind]
        validate(event, schema, schema, schemas)
        data = event["data"]
        must_refuse({**event, "type": "hikyaku.mail.other"}, schema, schemas, "any type")
        must_refuse({**event, "data": {**data, "recipients": []}}, schema, schemas, "nobody concerned")
        must_refuse({**event, "data": {**data, "status": "lost"}}, schema, schemas, "any status")
        must_refuse({**event, "data": {**data, "delays": {"queue": -1}}}, schema, schemas, "time that runs backwards")
        must_refuse({**event, "time": "yesterday"}, schema, schemas, "any time")
        must_refuse({name: event[name] for name in event if name != "id"}, schema, schemas, "no id")
    print(f"{len(events)} events are valid")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
