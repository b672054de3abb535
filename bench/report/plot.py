# SPDX-License-Identifier: Apache-2.0
"""Charts as SVG, drawn by gnuplot.

The same chart gives the same file: no dates, no names made up, no version of the drawing program. Text and axes take
the colour of the reader's page, light or dark; the colours of the series are readable on both.
"""

import re
import subprocess
from typing import NamedTuple

COLOURS = ("#2f81f7", "#db6d28", "#2da44e", "#bf4b8a", "#8957e5", "#9a6700", "#1b9e9e", "#cf222e")
GREY = "#8b949e"

SIZE = (720, 360)

# The page's own colours; a picture in a page can't ask for them, but it knows light from dark.
STYLE = ("<style>svg { color: #1f2328 } "
         "@media (prefers-color-scheme: dark) { svg { color: #e6edf3 } }</style>")


class PlotFailed(Exception):
    """gnuplot is not there, or did not like something."""


class Series(NamedTuple):
    title: str
    points: list  # (x, y), or (x, y, smallest, largest)
    dashed: bool = False  # what is expected, not measured


class Chart(NamedTuple):
    title: str
    xlabel: str
    ylabel: str
    series: list
    logx: bool = False
    logy: bool = False
    xtics: list = ()  # (text, x); gnuplot's own without


class Bars(NamedTuple):
    title: str
    ylabel: str
    groups: list  # (title, {label: (y, smallest, largest)})
    logy: bool = False


def _quoted(text):
    return "'" + text.replace("'", "''") + "'"


def _tics(places):
    """Marks on the x axis as (text, x); gnuplot takes the text for a format."""
    return "(" + ", ".join(f"{_quoted(text.replace('%', '%%'))} {x:.6g}" for text, x in places) + ")"


def _head(chart):
    out = [f'set terminal svg size {SIZE[0]},{SIZE[1]} noenhanced font "sans-serif,12"',
           "set border 3", "set tics nomirror", f'set grid ytics lc rgb "{GREY}" lw 0.4 dt 3',
           "set key outside right top Left reverse samplen 2 spacing 1.2",
           f"set title {_quoted(chart.title)}", f"set ylabel {_quoted(chart.ylabel)}",
           f"set format y '{'%.0s%c' if chart.logy else '%.10g'}'", "unset mxtics", "unset mytics"]
    if chart.logy:
        out.append("set logscale y")
    return out


def _data(name, rows):
    lines = [" ".join(f"{value:.6g}" if isinstance(value, (int, float)) else _quoted(value)
                      for value in row) for row in rows]
    return [f"${name} << END", *lines, "END"]


def _chart_script(chart):
    out = _head(chart) + [f"set xlabel {_quoted(chart.xlabel)}",
                          f"set format x '{'%.0s%c' if chart.logx else '%.10g'}'"]
    # Not above and below: a logarithmic axis would go on for a whole decade.
    out.append("set offsets graph 0.02, graph 0.02, 0, 0")
    if chart.logx:
        out.append("set logscale x")
    if not chart.logy:
        out.append("set yrange [0:*]")
    if chart.xtics:
        out.append(f"set xtics {_tics(chart.xtics)}")
    drawn = []
    measured = 0
    for number, series in enumerate(chart.series):
        title = f"title {_quoted(series.title)}" if series.title else "notitle"
        if series.dashed:
            out += _data(f"s{number}", series.points)
            drawn.append(f'$s{number} using 1:2 with lines dt 2 lw 1.5 lc rgb "{GREY}" {title}')
            continue
        colour = COLOURS[measured % len(COLOURS)]
        measured += 1
        out += _data(f"s{number}", [(*p, p[1], p[1]) if len(p) == 2 else p for p in series.points])
        drawn.append(f'$s{number} using 1:2 with linespoints pt 7 ps 0.5 lw 1.5 lc rgb "{colour}" {title}')
        drawn.append(f'$s{number} using 1:3:(0):($4-$3) with vectors nohead lw 2 lc rgb "{colour}" notitle')
    return out + ["plot " + ", ".join(drawn)]


def _bars_script(chart):
    """Bars of one label side by side, a colour a group."""
    labels = list(dict.fromkeys(label for _, bars in chart.groups for label in bars))
    width = 0.8 / len(chart.groups)
    out = _head(chart) + [f"set boxwidth {width * 0.92:.4f}", "set style fill solid 0.75 noborder",
                          f"set xrange [-0.6:{len(labels) - 0.4}]"]
    out.append(f"set xtics rotate by -25 {_tics((label, x) for x, label in enumerate(labels))}")
    if not chart.logy:
        out.append("set yrange [0:*]")
    if len(chart.groups) == 1:
        out.append("unset key")
    drawn = []
    for number, (title, bars) in enumerate(chart.groups):
        shift = (number - (len(chart.groups) - 1) / 2) * width
        out += _data(f"s{number}", [(labels.index(label) + shift, *bar) for label, bar in bars.items()])
        colour = COLOURS[number % len(COLOURS)]
        drawn.append(f'$s{number} using 1:2 with boxes lc rgb "{colour}" title {_quoted(title)}')
        drawn.append(f'$s{number} using 1:3:(0):($4-$3) with vectors nohead lw 2 lc rgb "{GREY}" notitle')
    return out + ["plot " + ", ".join(drawn)]


def _tidied(svg):
    """What belongs to gnuplot and not to the picture goes; black becomes the reader's colour."""
    svg = re.sub(r"<title>.*?</title>|<desc>.*?</desc>", "", svg, flags=re.DOTALL)
    # Of its symbols only the disc is drawn, which it makes of another one.
    svg = re.sub(r"<defs>.*?</defs>", "<defs><circle id='gpPt6' r='1' fill='currentColor'/></defs>", svg,
                 flags=re.DOTALL)
    svg = re.sub(r"(stroke|fill|color)=(['\"])black\2", r"\1=\2currentColor\2", svg)
    svg = re.sub(r"<g [^>]*>\s*</g>\n?", "", svg)
    svg = svg.replace('font-family="Arial"', 'font-family="sans-serif"')
    svg = re.sub(r"[ \t]+$", "", svg, flags=re.MULTILINE)
    svg = re.sub(r"\n{2,}", "\n", svg)
    return svg.replace("<g id=\"gnuplot_canvas\">", f"{STYLE}\n<g id=\"gnuplot_canvas\">", 1)


def svg_of(chart):
    """The chart as the text of an SVG file."""
    script = _bars_script(chart) if isinstance(chart, Bars) else _chart_script(chart)
    try:
        done = subprocess.run(["gnuplot"], input="\n".join(script) + "\n", text=True, check=False,
                              capture_output=True, env={"PATH": "/usr/bin:/usr/local/bin:/bin", "LC_ALL": "C"})
    except OSError as error:
        raise PlotFailed(f"gnuplot: {error.strerror}") from None
    if done.returncode != 0 or "</svg>" not in done.stdout:
        raise PlotFailed(f"gnuplot on \"{chart.title}\": {done.stderr.strip()}")
    return _tidied(done.stdout)
