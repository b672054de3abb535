# SPDX-License-Identifier: Apache-2.0
"""The pictures of the page: which lines of which bench make which chart.

Each function takes all results and returns a chart, or None if what it shows was not measured.
"""

import re

from order import ORDERS
from plot import Bars, Chart, Series
from result import is_number
from target import WHOLE, line_fits

# Of our kernels one, or nobody could read the picture.
SHOWN = ("fast-avx2", "reference", "osip2", "sofia", "libre", "memchr")


def lines_of(results, bench, **where):
    return [line for line in results.get(bench, {}).get("results", ()) if line_fits(line, where)]


def bar(line, key):
    """A figure with its spread; without one it is its own."""
    return line[key], line.get(f"{key}_min", line[key]), line.get(f"{key}_max", line[key])


def parsers(results):
    """All parsers over the whole corpus."""
    lines = [line for line in lines_of(results, "parse", parser="*", **WHOLE) if "ns_per_message" in line]
    if not lines:
        return None
    bars = {line["parser"]: bar(line, "ns_per_message") for line in lines if line["parser"] != "loop"}
    return Bars("One message, whole corpus", "ns", [("", bars)], logy=True)


def parsers_by_kind(results):
    """The best of ours and the others by kind of message."""
    lines = [line for line in lines_of(results, "parse", parser="*", kind="*") if "ns_per_message" in line]
    if not lines:
        return None
    names = [name for name in dict.fromkeys(line["parser"] for line in lines) if name in SHOWN]
    groups = [(name, {line["kind"]: bar(line, "ns_per_message") for line in lines if line["parser"] == name})
              for name in names]
    return Bars("One message, by kind", "ns", groups, logy=True)


def parsers_by_size(results):
    """The parsers against the mean size of the messages of one class."""
    lines = [line for line in lines_of(results, "parse", parser="*", size="*") if "ns_per_message" in line]
    if not lines:
        return None
    names = [name for name in dict.fromkeys(line["parser"] for line in lines) if name in SHOWN]
    series = [Series(name, [(line["bytes"] / line["messages"], *bar(line, "ns_per_message"))
                            for line in lines if line["parser"] == name]) for name in names]
    return Chart("One message, by size", "bytes (mean of a class of sizes)", "ns", series, logy=True)


def percentiles(line, stem):
    """(share that is not above, value) of the keys STEM_p50, STEM_p999 ... and STEM_max."""
    found = []
    for key, value in line.items():
        match = re.fullmatch(rf"{stem}_p(\d+)", key)
        if match and is_number(value):
            found.append((int(match.group(1)) / 10 ** len(match.group(1)), value))
    return sorted(found)


def latency(results):
    """200 OK to PUBLISH by percentile; the axis gives each nine the same room."""
    lines = [line for line in lines_of(results, "calls") if len(percentiles(line, "latency_us")) > 2]
    if not lines:
        return None
    series = [Series(f"{line['case']}, {line.get('calls_per_s') or line['sustained_calls_per_s']:,.0f} calls/s",
                     [(1 / (1 - share), value) for share, value in percentiles(line, "latency_us")])
              for line in lines]
    tics = [(f"{share * 100:g} %", 1 / (1 - share)) for share in (0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999)]
    return Chart("200 OK on the wire to PUBLISH", "share of calls that are not slower", "us", series,
                 logx=True, logy=True, xtics=tics)


def zero_loss(results):
    """The highest rate without loss, beside testpmd's, by traffic."""
    lines = [line for line in lines_of(results, "wire", case="*zero-loss") if line.get("packets_per_s")]
    if not lines:
        return None
    groups = [("offhook", {line["mix"]: bar(line, "packets_per_s") for line in lines}),
              ("testpmd", {line["mix"]: bar(line, "testpmd_packets_per_s") for line in lines
                           if line.get("testpmd_packets_per_s")})]
    return Bars("Highest rate without loss", "packets/s", [group for group in groups if group[1]])


def wire(results):
    """Packets a second as a ratio to testpmd, by traffic."""
    lines = [line for line in lines_of(results, "wire") if line.get("ratio_to_testpmd") is not None]
    if not lines:
        return None
    cases = dict.fromkeys(line["case"] for line in lines)
    groups = [(case, {line["mix"]: bar(line, "ratio_to_testpmd") for line in lines if line["case"] == case})
              for case in cases]
    return Bars("Packets a second, testpmd rxonly = 1", "ratio", groups)


def stages(results):
    """What each stage of the way adds to a frame's time."""
    lines = [line for line in lines_of(results, "wire", case="stages", stage="*") if "ns_per_packet" in line]
    if not lines:
        return None
    groups = [(mix, {line["stage"]: bar(line, "ns_per_packet") for line in lines if line["mix"] == mix})
              for mix in dict.fromkeys(line["mix"] for line in lines)]
    return Bars("A frame, by stage", "ns", groups)


def _by_rate(results, title, unit, figures):
    """Figures (key, how its series is called) of the two publishers against calls a second."""
    series = []
    for side in ("kamailio", "offhook"):
        lines = sorted(lines_of(results, "peer", case="load", side=side), key=lambda line: line["rate"])
        for key, name in figures:
            points = [(line["rate"], *bar(line, key)) for line in lines if key in line]
            if points:
                series.append(Series(f"{side}{name}", points))
    return Chart(title, "calls a second", unit, series, logy=True) if series else None


def peer_latency(results):
    """200 OK to PUBLISH, ours and Kamailio's."""
    return _by_rate(results, "200 OK to PUBLISH, by calls a second", "us",
                    (("answer_to_publish_us_p50", ", p50"), ("answer_to_publish_us_p99", ", p99")))


def peer_cpu(results):
    """What publishing costs, ours and Kamailio's."""
    return _by_rate(results, "CPU of a call for publishing", "us", (("publish_cpu_us_per_call", ""),))


def growth(curve):
    """The picture of one curve of bench-growth (bench/growth/growth.py)."""
    def chart(results):
        points = lines_of(results, "growth", curve=curve, order=None)
        fits = lines_of(results, "growth", curve=curve, order="*")
        if not points or not fits:
            return None
        over, key, order = fits[0]["over"], fits[0]["figure"], fits[0]["order"]
        measured = [(line[over], *bar(line, key)) for line in points]
        first, value = measured[0][:2]
        expected = [(n, value * ORDERS[order](n) / ORDERS[order](first)) for n, *_ in measured]
        return Chart(curve, over.replace("_", " "), key.replace("_", " "),
                     [Series(f"measured, n^{fits[0]['fitted_exponent']:.2f}", measured),
                      Series(f"expected: {order}", expected, dashed=True)],
                     logx=True, logy=True)
    return chart


PICTURES = {
    "parsers": parsers,
    "parsers-by-kind": parsers_by_kind,
    "parsers-by-size": parsers_by_size,
    "latency": latency,
    "wire": wire,
    "zero-loss": zero_loss,
    "stages": stages,
    "peer-latency": peer_latency,
    "peer-cpu": peer_cpu,
}
