#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What draws the dashboards for docs/dashboards.md: every panel, with series that are awkward, and figures as read."""
import math
import xml.etree.ElementTree

import dashboards
import drawing
import units

WINDOW = (1_000_000, 1_000_060, 2)
AWKWARD = ([], [(1_000_002, math.nan)], [(1_000_002, 1.5)], [(at, 0.0) for at in range(1_000_000, 1_000_062, 2)],
           [(at, math.nan if at % 20 == 0 else at % 7) for at in range(1_000_000, 1_000_062, 2)])
BOUNDS = ("0.5", "1", "10", "60", "+Inf")


def series(count=len(AWKWARD)):
    """Labels of all names, so that each legend finds its own."""
    names = ("topic", "role", "pod", "result", "reason", "listener")
    return [({"le": bound, **{name: f"<{name}&{i}>" for name in names}}, samples)
            for i, (bound, samples) in enumerate(zip(BOUNDS, AWKWARD[:count]))]


def draw(panel, answers):
    svg = "".join(drawing.draw(panel, answers, (652, 232), WINDOW))
    return "".join(xml.etree.ElementTree.fromstring(f"<svg>{svg}</svg>").itertext())


def test_every_panel_is_drawn():
    for name, panel in dashboards.panels():
        for count in range(len(AWKWARD) + 1):
            words = draw(panel, [series(count) for _ in panel["targets"]])
            assert panel["title"] in words, (name, panel["title"])
            assert ("No data" in words) or count, (name, panel["title"])


def test_a_heatmap_shows_what_is_between_two_bounds():
    shown = [("10", [(0, 7.0)]), ("+Inf", [(0, 8.0)]), ("1", [(0, 5.0)])]
    assert drawing.buckets(shown) == [("1", {0: 5}), ("10", {0: 2}), ("+Inf", {0: 1})]


def test_a_gap_stays_a_gap():
    samples = [(0, 1), (2, 1), (4, math.nan), (6, 1), (12, 1)]
    assert list(drawing.pieces(samples, 2)) == [[(0, 1), (2, 1)], [(6, 1)], [(12, 1)]]


def test_figures():
    for value, unit, words in ((0.25, "percentunit", "25%"), (1536, "bytes", "1.5 KiB"), (0.005, "s", "5 ms"),
                               (7200, "s", "2 h"), (1234, "ops", "1.23k/s"), (0, "s", "0 s"), (12, "short", "12")):
        assert units.text(value, unit) == words, (units.text(value, unit), words)


def test_a_figure_turns_red_at_its_limit():
    by_title = {panel["title"]: panel for _, panel in dashboards.panels() if panel["type"] == "stat"}
    for title, value, colour in (("Error budget burn", 14.3, "green"), ("Error budget burn", 14.4, "red"),
                                 ("Accepted within 1 s", 0.98, "red"), ("Accepted within 1 s", 0.99, "green"),
                                 ("Ready", 0, "red"), ("Ready", 1, "green")):
        assert drawing.stat_colour(by_title[title], value) == drawing.STEP_COLOURS[colour], (title, value)


def test_axes_end_at_round_figures():
    for highest, unit, marks in ((97, "short", [0, 25, 50, 75, 100]), (100, "s", [0, 30, 60, 90, 120]),
                                 (3000, "bytes", [0, 1024, 2048, 3072]), (0, "ops", [0, 1]),
                                 (0.7, "percentunit", [0, 0.2, 0.4, 0.6, 0.8])):
        assert [round(mark, 9) for mark in units.ticks(highest, unit)] == marks, (highest, units.ticks(highest, unit))


def test_variables_are_filled_in():
    query = 'rate(x{namespace=~"$namespace",pod=~"$pod"}[$__rate_interval])'
    assert dashboards.filled(query, 8, {"pod": "a"}) == 'rate(x{namespace=~".*",pod=~"a"}[8s])'
    assert dashboards.rate_interval_s(1, 15) == 60 and dashboards.rate_interval_s(60, 15) == 75


def main():
    tests = [value for name, value in sorted(globals().items()) if name.startswith("test_")]
    for test in tests:
        test()
    print(f"{len(tests)} checks of the drawing of dashboards")


if __name__ == "__main__":
    main()
