# SPDX-License-Identifier: Apache-2.0
"""The dashboards of the chart as Grafana would show them: panels, and queries with the variables filled in."""
import json
import pathlib

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "helm" / "hikyaku" / "dashboards"
NAMES = ("overview", "ingress", "delivery", "queue", "platform")
EVERYTHING = {"namespace": ".*", "job": ".*", "pod": ".*"}


def load(name):
    return json.loads((FOLDER / f"{name}.json").read_text())


def panels():
    """(dashboard, panel) of all that ask something."""
    for name in NAMES:
        for panel in load(name)["panels"]:
            if panel["type"] != "row":
                yield name, panel


def rate_interval_s(step_s, scrape_s):
    """$__rate_interval by Grafana's own rule: four scrapes at least."""
    return max(step_s + scrape_s, 4 * scrape_s)


def filled(query, rate_s, selected=None):
    """selected: {variable: regular expression}; without: All of each."""
    for name, value in {**EVERYTHING, **(selected or {}), "__rate_interval": f"{rate_s}s"}.items():
        query = query.replace("$" + name, value)
    assert "$" not in query.replace('$"', ""), f"a variable that nobody fills in: {query}"
    return query
