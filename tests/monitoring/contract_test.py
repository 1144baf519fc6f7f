#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The monitoring contract: what alerts, dashboards and scalers name exists in the programs, with those labels;
dashboards are fresh and complete; each alert has its page and each page its alert."""
import json
import os
import pathlib
import re
import subprocess
import tempfile

import dashboards
from dashboards import panels

PROJECT = pathlib.Path(__file__).resolve().parents[2]
CHART = PROJECT / "helm" / "hikyaku"
ALERTS = CHART / "files" / "alerts.yaml"
RUNBOOKS = PROJECT / "docs" / "runbooks"
SECTIONS = ("## What it means", "## What to look at", "## What to do", "## How to know that it is over")
SCRAPED = {"namespace", "pod", "job", "instance"}  # Prometheus adds them
SERIES = re.compile(r"\b(hikyaku_\w+)(?:\{([^}]*)\})?")
GROUPING = re.compile(r"\b(?:by|without|on|ignoring) *\(([^)]*)\)")
LABEL = re.compile(r'(\w+) *(?:=~|!~|!=|=) *"')


def catalogue():
    """{name in queries: labels}"""
    build = pathlib.Path(os.environ.get("HIKYAKU_BUILD", PROJECT / "build" / "tests" / "bin"))
    known = {}
    for line in subprocess.run([build / "hikyaku", "--dump-metrics"], capture_output=True, text=True,
                               check=True).stdout.splitlines():
        name, kind, labels, text = line.split("\t")
        assert text, f"{name} has no description"
        names = [name]
        if kind == "histogram":
            names = [f"{name}_{part}" for part in ("bucket", "sum", "count")]
        for one in names:
            known[one] = set(filter(None, labels.split(","))) | ({"le"} if one.endswith("_bucket") else set())
    return known


def faults_of(query, known):
    """What a query names that does not exist."""
    used = SERIES.findall(query)
    available = set(SCRAPED)
    for name, selector in used:
        if name not in known:
            yield f"no metric {name}"
            continue
        available |= known[name]
        for label in LABEL.findall(selector):
            if label not in known[name] | SCRAPED:
                yield f"{name} has no label {label}"
    for group in GROUPING.findall(query) if used else []:
        for label in filter(None, (part.strip() for part in group.split(","))):
            if label not in available:
                yield f"nothing in the query has the label {label}"


def alert_queries():
    for line in ALERTS.read_text().splitlines():
        if line.strip().startswith("expr:"):
            yield f"alerts.yaml: {line.strip()}", line.split("expr:", 1)[1]


def scaler_queries():
    for path in sorted((CHART / "templates").rglob("*.yaml")):
        for line in path.read_text().splitlines():
            if line.strip().startswith("query:"):
                query = re.sub(r"\{\{.*?\}\}", "x", line.split("query:", 1)[1])
                yield f"{path.name}: {line.strip()}", query


def dashboard_queries():
    for name, panel in panels():
        for target in panel["targets"]:
            yield f"{name}: {panel['title']}", target["expr"]


def test_contract():
    known = catalogue()
    queries = [*alert_queries(), *scaler_queries(), *dashboard_queries()]
    faults = [f"{where}: {fault}" for where, query in queries for fault in faults_of(query, known)]
    assert not faults, "\n".join(faults)
    assert len(queries) > 80, len(queries)


def test_contract_can_fail():
    known = {"hikyaku_a_total": {"result"}}
    assert list(faults_of("rate(hikyaku_b_total[5m])", known)) == ["no metric hikyaku_b_total"]
    assert list(faults_of('hikyaku_a_total{reason="x"}', known)) == ["hikyaku_a_total has no label reason"]
    assert len(list(faults_of("sum by (pod, listener) (hikyaku_a_total)", known))) == 1
    assert not list(faults_of('sum by (pod, result) (hikyaku_a_total{result="x",job="y"})', known))


def test_every_metric_is_shown_or_watched():
    known = {re.sub(r"_(bucket|sum|count)$", "", name) for name in catalogue()}
    text = "\n".join(query for _, query in [*alert_queries(), *dashboard_queries()])
    used = {re.sub(r"_(bucket|sum|count)$", "", name) for name, _ in SERIES.findall(text)}
    assert sorted(known - used) == sorted(UNSHOWN), sorted((known - used) ^ UNSHOWN)


# Looked at when something else points there: hikyakuctl metrics, ad hoc queries.
UNSHOWN = {
    "hikyaku_bus_producer_queue_records",
    "hikyaku_bouncer_report_bytes",
    "hikyaku_scheduler_rebuilds_total",
    "hikyaku_sender_copies_total",
    "hikyaku_sender_stale_total",
}


def test_dashboards_are_fresh():
    with tempfile.TemporaryDirectory(prefix="hikyaku-dashboards-") as folder:
        subprocess.run([PROJECT / "scripts" / "generate-dashboards", folder], check=True)
        for path in sorted(pathlib.Path(folder).iterdir()):
            committed = CHART / "dashboards" / path.name
            assert committed.exists() and committed.read_text() == path.read_text(), \
                f"{path.name} is stale: run scripts/generate-dashboards"
    assert sorted(path.stem for path in (CHART / "dashboards").glob("*.json")) == sorted(dashboards.NAMES)


def test_panels_are_complete():
    titles = [(name, panel["title"]) for name, panel in panels()]
    assert len(titles) == len(set(titles)), "two panels of a dashboard have one title"
    for name, panel in panels():
        where = f"{name}: {panel['title']}"
        assert panel["title"] and panel["fieldConfig"]["defaults"]["unit"], where
        assert len(panel["description"]) > 20 and panel["description"].endswith("."), where
        assert panel["datasource"]["uid"] == "${datasource}" and panel["targets"], where
        for target in panel["targets"]:
            assert target["legendFormat"] and 'namespace=~"$namespace"' in target["expr"], where
            windows = set(re.findall(r"\[(.*?)\]", target["expr"])) - {"1h"}  # 1h: of the objectives
            assert windows <= {"$__rate_interval"}, f"{where}: {windows}"
        assert (CHART / "dashboards" / f"{name}.json").stat().st_size < 1 << 20


def test_alerts_have_pages():
    text = ALERTS.read_text()
    names = re.findall(r"- alert: (\w+)", text)
    slugs = [re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower() for name in names]
    urls = re.findall(r"runbook_url: \S+/([\w-]+)$", text, re.MULTILINE)
    assert urls == slugs, set(urls) ^ set(slugs)
    assert len(re.findall(r"severity: (?:page|ticket|none)}", text)) == len(names)
    assert sorted(path.stem for path in RUNBOOKS.glob("*.md")) == sorted(slugs)
    for name, slug in zip(names, slugs):
        page = (RUNBOOKS / f"{slug}.md").read_text()
        assert page.startswith(f"# {name} ("), slug
        positions = [page.find(section) for section in SECTIONS]
        assert -1 not in positions and positions == sorted(positions), slug
        for link in re.findall(r"\]\(([\w-]+)\.md\)", page):
            assert link in slugs, f"{slug} names {link}"


def main():
    tests = [value for name, value in sorted(globals().items()) if name.startswith("test_")]
    for test in tests:
        test()
    print(f"{len(tests)} checks of alerts, dashboards, runbooks")


if __name__ == "__main__":
    main()
