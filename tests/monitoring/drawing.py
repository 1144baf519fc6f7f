# SPDX-License-Identifier: Apache-2.0
"""Panels of a Grafana dashboard as SVG: timeseries (lines, stacked), stat, heatmap. No more of Grafana's
options than what scripts/generate-dashboards writes."""
import html
import math
import re
import time

import units

COLOURS = ("#3274d9", "#ff9830", "#299c46", "#a352cc", "#c4162a", "#00b8c8", "#e8c400", "#6c757d", "#ff85c0", "#7a4a1e",
           "#8ab8ff", "#a4d65e")
STEP_COLOURS = {"green": "#299c46", "red": "#c4162a"}
BLUES = ("#deebf7", "#c6dbef", "#9ecae1", "#6baed6", "#4292c6", "#2171b5", "#084594")
INK, PALE, GRID = "#24292e", "#6a737d", "#e6e8eb"
LEFT, RIGHT, TOP, AXIS, LEGEND_LINE = 58, 12, 30, 20, 15
LEGEND_LINES = 3
LETTER, CAPITAL = 5.6, 7.8  # widths in the legend


class Box:
    """The plot area of a panel, in its pixels: from `start` to `end` in seconds, from 0 to `highest`."""

    def __init__(self, width, height, start, end, highest):
        self.left, self.right, self.top, self.bottom = LEFT, width - RIGHT, TOP, height
        self.start, self.end, self.highest = start, end, highest

    def x(self, at):
        return self.left + (at - self.start) / (self.end - self.start) * (self.right - self.left)

    def y(self, value):
        return self.bottom - value / self.highest * (self.bottom - self.top)


def write(x, y, words, size=11, fill=PALE, extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}" {extra}>{html.escape(words)}</text>'


def line(x1, y1, x2, y2, colour=GRID):
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{colour}" fill="none"/>'


def name_of(legend, labels):
    words = re.sub(r"\{\{(\w+)\}\}", lambda match: labels.get(match[1], ""), legend)
    return " ".join(words.split()) or "value"


def time_axis(box):
    step = next(step for step in (10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400)
                if (box.end - box.start) / step <= 8)
    at = math.ceil(box.start / step) * step
    while at <= box.end:
        yield line(box.x(at), box.top, box.x(at), box.bottom)
        words = time.strftime("%H:%M:%S", time.gmtime(at))
        anchor = "end" if box.right - box.x(at) < 4 * LETTER else "middle"
        yield write(box.x(at), box.bottom + 14, words, 10, extra=f'text-anchor="{anchor}"')
        at += step


def value_axis(box, marks, unit):
    for mark in marks:
        yield line(box.left, box.y(mark), box.right, box.y(mark))
        yield write(box.left - 6, box.y(mark) + 4, units.text(mark, unit), 10, extra='text-anchor="end"')


def legend_lines(names, width):
    """[[(x, index)]]: what fits."""
    lines, x = [[]], LEFT
    for i, name in enumerate(names):
        wide = 28 + sum(CAPITAL if letter.isupper() or letter == "_" else LETTER for letter in name)
        if x + wide > width - RIGHT and lines[-1]:
            lines.append([])
            x = LEFT
        lines[-1].append((x, i))
        x += wide
    return lines[:LEGEND_LINES]


def draw_legend(lines, names, top):
    for row, members in enumerate(lines):
        y = top + row * LEGEND_LINE
        for x, i in members:
            yield f'<rect x="{x:.1f}" y="{y - 5}" width="12" height="3" fill="{COLOURS[i % len(COLOURS)]}"/>'
            yield write(x + 16, y, names[i], 10.5, INK)


def pieces(samples, step_s):
    """A line has a gap where there is no figure."""
    piece = []
    for at, value in samples:
        if math.isnan(value) or (piece and at - piece[-1][0] > 1.5 * step_s):
            if piece:
                yield piece
            piece = []
        if not math.isnan(value):
            piece.append((at, value))
    if piece:
        yield piece


def stacked(series):
    """[[(time, bottom, top)]] for each, one upon the other."""
    below = {}
    made = []
    for samples in series:
        made.append([(at, below.get(at, 0), below.get(at, 0) + (0 if math.isnan(value) else value))
                     for at, value in samples])
        below.update({at: top for at, _, top in made[-1]})
    return made


def path(points):
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def draw_lines(box, series, step_s):
    for i, samples in enumerate(series):
        colour = COLOURS[i % len(COLOURS)]
        for piece in pieces(samples, step_s):
            points = [(box.x(at), box.y(value)) for at, value in piece]
            if len(points) == 1:
                yield f'<circle cx="{points[0][0]:.1f}" cy="{points[0][1]:.1f}" r="1.5" fill="{colour}"/>'
            else:
                yield f'<path d="{path(points)}" stroke="{colour}" stroke-width="1.4" fill="none"/>'


def draw_stack(box, layers):
    for i, layer in enumerate(layers):
        colour = COLOURS[i % len(COLOURS)]
        upper = [(box.x(at), box.y(top)) for at, _, top in layer]
        lower = [(box.x(at), box.y(bottom)) for at, bottom, _ in reversed(layer)]
        if upper:
            yield f'<path d="{path(upper + lower)}Z" fill="{colour}" fill-opacity="0.25"/>'
            yield f'<path d="{path(upper)}" stroke="{colour}" stroke-width="1.2" fill="none"/>'


def timeseries(panel, shown, size, window):
    """shown: [(name, samples)]."""
    width, height = size
    start, end, step_s = window
    defaults = panel["fieldConfig"]["defaults"]
    is_stack = defaults.get("custom", {}).get("stacking", {}).get("mode") == "normal"
    names, series = [name for name, _ in shown], [samples for _, samples in shown]
    layers = stacked(series) if is_stack else []
    values = [top for layer in layers for _, _, top in layer] if is_stack else \
        [value for samples in series for _, value in samples if not math.isnan(value)]
    marks = units.ticks(max(values, default=0), defaults["unit"])
    lines = legend_lines(names, width)
    box = Box(width, height - AXIS - 6 - LEGEND_LINE * len(lines), start, end, marks[-1])
    yield from value_axis(box, marks, defaults["unit"])
    yield from time_axis(box)
    yield from draw_stack(box, layers) if is_stack else draw_lines(box, series, step_s)
    yield from draw_legend(lines, names, box.bottom + AXIS + 14)


def stat_colour(panel, value):
    """Of the last step that the value has reached; None counts as minus infinity, as in Grafana."""
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    return STEP_COLOURS[[step["color"] for step in steps if step["value"] is None or value >= step["value"]][-1]]


def stat(panel, shown, size, window):
    width, height = size
    start, end, step_s = window
    unit = panel["fieldConfig"]["defaults"]["unit"]
    share = (width - 2 * RIGHT) / max(len(shown), 1)
    for i, (name, samples) in enumerate(shown):
        good = [(at, value) for at, value in samples if not math.isnan(value)]
        left = RIGHT + i * share
        last = units.text(good[-1][1], unit) if good else "No data"
        colour = stat_colour(panel, good[-1][1]) if good else PALE
        highest = max((value for _, value in good), default=0) or 1
        box = Box(width, height - 4, start, end, highest)
        box.left, box.right, box.top = left, left + share - 6, height * 0.75
        for piece in pieces(good, step_s):
            points = [(box.x(at), box.y(value)) for at, value in piece]
            edge = [(points[-1][0], box.bottom), (points[0][0], box.bottom)]
            yield f'<path d="{path(points + edge)}Z" fill="{colour}" fill-opacity="0.2"/>'
            yield f'<path d="{path(points)}" stroke="{colour}" fill="none"/>'
        middle = left + share / 2
        letter = min(30, share / (0.62 * len(last)))
        yield write(middle, height * 0.5, last, round(letter), colour, 'text-anchor="middle" font-weight="bold"')
        if len(shown) > 1:
            yield write(middle, height * 0.5 + 14, name, 10, PALE, 'text-anchor="middle"')


def buckets(shown):
    """[(upper bound, {time: count})] of cumulative ones."""
    order = sorted(shown, key=lambda one: float(one[0].replace("+Inf", "inf")))
    made, below = [], {}
    for name, samples in order:
        counts = {at: value for at, value in samples if not math.isnan(value)}
        made.append((name, {at: max(0, value - below.get(at, 0)) for at, value in counts.items()}))
        below = counts
    return made


def heatmap(panel, shown, size, window):
    width, height = size
    start, end, step_s = window
    rows = buckets(shown)
    box = Box(width, height - AXIS - 8, start, end, max(len(rows), 1))
    unit = panel["options"].get("yAxis", {}).get("unit", "short")
    most = max((count for _, row in rows for count in row.values()), default=0) or 1
    every = math.ceil(len(rows) / 12)
    for i, (bound, row) in enumerate(rows):
        for at, count in row.items():
            left, right = max(box.left, box.x(at - step_s)), box.x(at)
            if count > 0 and right > left:
                shade = BLUES[min(len(BLUES) - 1, int((count / most) ** 0.4 * len(BLUES)))]
                yield (f'<rect x="{left:.1f}" y="{box.y(i + 1):.1f}" width="{right - left + 0.3:.1f}" '
                       f'height="{box.y(i) - box.y(i + 1):.1f}" fill="{shade}"/>')
        if i % every == 0:
            words = "more" if bound == "+Inf" else "≤ " + units.text(float(bound), unit)
            yield write(box.left - 6, (box.y(i) + box.y(i + 1)) / 2 + 3.5, words, 9.5, extra='text-anchor="end"')
        yield line(box.left, box.y(i), box.right, box.y(i))
    yield from time_axis(box)


KINDS = {"timeseries": timeseries, "stat": stat, "heatmap": heatmap}


def draw(panel, answers, size, window):
    """A panel's SVG elements. answers: the series of each target in turn; window: start, end, step in seconds."""
    shown = [(name_of(target["legendFormat"], labels), samples)
             for target, series in zip(panel["targets"], answers) for labels, samples in series]
    width, height = size
    yield f'<rect width="{width}" height="{height}" rx="3" fill="#fff" stroke="#d0d7de"/>'
    yield write(RIGHT, 19, panel["title"], 12.5, INK, 'font-weight="bold"')
    if shown:
        yield from KINDS[panel["type"]](panel, shown, size, window)
    else:
        yield write(width / 2, height / 2, "No data", 13, PALE, 'text-anchor="middle"')
