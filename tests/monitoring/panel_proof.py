#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The proof of the panels and of the audit, on a cluster under traffic that Prometheus scrapes:

  every query of every panel of the five dashboards returns a series, and a sample that is a number;
  no rule of the chart fails to evaluate; the balance of mail has no drift and MailBalanceBroken is silent;
  and when the record of one accepted mail is removed from Kafka, there is drift and MailBalanceBroken fires.

  panel_proof.py [--seconds 60]        a cluster of its own
  panel_proof.py --targets FILE        only the panels and rules, of pods that somebody else runs: a file of
                                       file_sd_configs, scraped for --seconds"""
import argparse
import math
import re
import threading
import time

import dashboards
from prometheus import Prometheus
from removal import check_removal, check_silence
from traffic import Traffic
from watched import Watched, private_folder, rules, wait_until

STEP_S = 2
SETTLE_S = 150
ALERT_WAIT = {"MailBalanceBroken": "4s"}  # a minute in the chart; the rest of the rule is the chart's own

# The outage of the log, replies that name a blocklist, final dots without a reply.
CAUSED = ("IngressErrorBudgetBurn", "SourceIpBlocked", "UncertainDeliveries", "Watchdog")

# (dashboard, panel, legend): why it cannot have data here.
EMPTY = {
    ("platform", "Dropped", "series of {{metric}}"):
        "a metric folds series together from 1000 on; nothing here has so many, tests/unit/service does it",
}


def has_number(series):
    return any(not math.isnan(value) for _, samples in series for _, value in samples)


def ask_panels(prometheus, start, end, scrape_s):
    """[((dashboard, panel, legend), query, series)] of all panels."""
    rate_s = dashboards.rate_interval_s(STEP_S, scrape_s)
    found = []
    for name, panel in dashboards.panels():
        for target in panel["targets"]:
            query = dashboards.filled(target["expr"], rate_s)
            found.append(((name, panel["title"], target["legendFormat"]), query,
                          prometheus.series(query, start, end, STEP_S)))
    return found


def check_panels(prometheus, start, end, scrape_s, allowed=EMPTY):
    answers = ask_panels(prometheus, start, end, scrape_s)
    empty = {where: query for where, query, series in answers if not has_number(series)}
    faults = [f"{where} shows nothing: {query}" for where, query in empty.items() if where not in allowed]
    assert not faults, "\n".join(faults)
    needless = [where for where in allowed if where not in empty]
    assert not needless, f"listed as empty, and not empty: {needless}"
    still = [where for where, _, series in answers if where not in empty
             and not any(value for _, samples in series for _, value in samples if not math.isnan(value))]
    print(f"panels: {len(answers)} queries, {len(empty)} empty for a reason, {len(still)} never but 0:", flush=True)
    for where in still:
        print("  0:", " | ".join(where))


def firing(prometheus):
    return {rule["name"] for rule in prometheus.rules() if rule.get("state") == "firing"}


def check_rules(prometheus, caused=()):
    """caused: alerts that the traffic has given reason for."""
    loaded = prometheus.rules()
    bad = [(rule["name"], rule["health"], rule.get("lastError")) for rule in loaded if rule["health"] != "ok"]
    assert loaded and not bad, bad
    missing = set(caused) - firing(prometheus)
    assert not missing, f"silent: {missing}"
    print(f"rules: {len(loaded)} evaluate; firing: {', '.join(sorted(firing(prometheus)))}", flush=True)


FIRST_EVENT = re.compile(r"\bincrease\((hikyaku_\w+(?:\{[^}]*\})?)\[")
SEEN_LATER = {
    "SeriesDropped": "counted again and again while it lasts",
    "DeferralRatioHigh": "about many attempts, not the first one",
}


def check_first_events(prometheus):
    """Before anything has happened: a series that began with its first event would show no increase of it."""
    unseen = [(rule["name"], selector) for rule in prometheus.rules() for selector in FIRST_EVENT.findall(rule["query"])
              if rule["name"] not in SEEN_LATER and not prometheus.instant(selector)]
    assert not unseen, f"these alerts would not see a first event: {unseen}"


def settle(prometheus):
    """Every mail has its end, and the audit and a scrape have seen it."""
    wait_until(lambda: prometheus.value("hikyaku_open_mails") == 0, SETTLE_S,
               f"no mail is open: {prometheus.instant('hikyaku_open_mails')}")


def own_cluster(seconds):
    with Watched(wait=ALERT_WAIT) as watched:
        prometheus, traffic = watched.prometheus, Traffic(watched)
        check_first_events(prometheus)
        start = time.time()
        rounds = traffic.run(seconds)
        print(f"traffic: {rounds} rounds, {traffic.accepted} mails accepted", flush=True)
        settle(prometheus)
        check_panels(prometheus, start, time.time(), watched.scrape_s)
        check_rules(prometheus, CAUSED)
        check_silence(prometheus, time.time() - start)
        check_removal(watched)
        print(f"rules: firing in the end: {', '.join(sorted(firing(prometheus)))}", flush=True)


def foreign_pods(targets, seconds):
    with private_folder("panels") as folder, Prometheus(folder, targets, rules()) as prometheus:
        start = time.time()
        threading.Event().wait(seconds)
        check_panels(prometheus, start, time.time(), prometheus.scrape_s)
        check_rules(prometheus)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", metavar="FILE")
    parser.add_argument("--seconds", type=int, default=60)
    arguments = parser.parse_args()
    if arguments.targets:
        foreign_pods(arguments.targets, arguments.seconds)
    else:
        own_cluster(arguments.seconds)


if __name__ == "__main__":
    main()
