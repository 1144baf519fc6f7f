# SPDX-License-Identifier: Apache-2.0
"""Figures in the units of the dashboards, and axes that begin and end at round ones."""
import math
import time

DAY = 86400
CLOCK = (15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, DAY)
SECONDS = ((DAY, "day"), (3600, "h"), (60, "min"), (1, "s"), (1e-3, "ms"), (1e-6, "µs"))
BYTES = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "B"))
COUNTS = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""))
SCALES = {"s": SECONDS, "bytes": BYTES, "short": COUNTS, "none": COUNTS, "ops": COUNTS}
SUFFIXES = {"ops": "/s"}


def _digits(value):
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def text(value, unit):
    if unit == "percentunit":
        return _digits(value * 100) + "%"
    if unit.startswith("dateTime"):
        return time.strftime("%H:%M:%S", time.gmtime(value / 1000))
    suffix = SUFFIXES.get(unit, "" if unit in SCALES else " " + unit)
    scale = SCALES.get(unit, COUNTS)
    factor, name = next(((factor, name) for factor, name in scale if abs(value) >= factor), scale[-1])
    if value == 0:
        factor, name = 1, {"s": "s", "bytes": "B"}.get(unit, "")
    space = " " if name and unit in ("s", "bytes") else ""
    return _digits(value / factor) + space + name + suffix


def _step(rough, unit):
    """The next round figure from `rough` on."""
    if unit == "bytes":
        return 2.0 ** math.ceil(math.log2(rough))
    if unit == "s" and rough > 10:
        return next((step for step in CLOCK if step >= rough), DAY * math.ceil(rough / DAY))
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 2.5, 5, 10, 20) if power * factor >= rough * 0.999)


def ticks(highest, unit, count=4):
    """Round figures from 0 to `highest` or a little more."""
    if not highest > 0:
        return [0, 1]
    step = _step(highest / count, unit)
    return [step * i for i in range(math.ceil(highest / step * 0.999) + 1)]
