#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes docs/performance.md and its pictures from result files.

usage: page.py RESULTS DOCS

RESULTS has one file a bench (run.py). DOCS/performance.md.in is the page as people write it; a line `{{ WHAT ... }}` in
it is where figures go:

  {{ targets }}            what is to be reached and what was; why, where it was not: DOCS/performance/notes/NAME.md
  {{ machine }}            where and with what it was measured
  {{ measured NAME }}      command, date and commit of a bench
  {{ bench NAME }}         the same, and tables of all of its lines
  {{ table NAME [KEY=TEXT ...] [!KEY ...] [COLUMN ...] }}   the lines of a bench that have the text or lack the key
  {{ pivot NAME ROW COLUMN FIGURE [KEY=TEXT ...] }}         one figure of them by two keys
  {{ picture NAME }}       a chart (picture.py), DOCS/performance/NAME.svg
"""

import pathlib
import re
import sys

sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
from picture import PICTURES, growth, lines_of
from plot import PlotFailed, svg_of
from result import BadResult, folder_read
from table import figure_text, groups, markdown_pivot, markdown_table, repetitions_of
from target import TARGETS, line_fits, outcome

NOT_MEASURED = "*not measured*"
MADE = "<!-- Made by ./do report from docs/performance.md.in and the results of ./do bench. -->\n\n"


class BadPage(Exception):
    """A line of performance.md.in can't be understood."""


class Page:
    """The page while it is made: results in, Markdown and pictures out."""

    def __init__(self, results, docs):
        self.results = results
        self.docs = pathlib.Path(docs)
        self.pictures = {}  # name: SVG
        self.missing = []  # what a reader of the run should know

    def _note(self, name):
        path = self.docs / "performance/notes" / f"{name}.md"
        if path.exists():
            return path.read_text(encoding="utf-8").strip()
        self.missing.append(f"not reached, and no word why: {path}")
        return "Nobody has looked into why yet."

    def _odd(self, bench, what):
        # Not a bench that was left out, but one that calls its figures by other names than the page does.
        if bench in self.results:
            self.missing.append(f"bench-{bench} was measured, but has not {what}")

    def targets(self):
        rows, notes = [], []
        for target in TARGETS:
            out = outcome(target, self.results)
            asked = "told"
            if target.limit is not None:
                asked = f"{'≤' if target.at_most else '≥'} {figure_text(target.limit)} {target.unit}".strip()
            if out.value is None:
                self._odd(target.figure.bench, f"the figure of target {target.name}")
                rows.append(f"| {target.text} | {asked} | {NOT_MEASURED} | |")
                continue
            measured = f"{figure_text(out.value)} {target.unit}".strip()
            verdict = "told" if target.limit is None else "reached" if out.reached else "**not reached**"
            rows.append(f"| {target.text} | {asked} | {measured} | {verdict} |")
            if not out.reached:
                note = self._note(target.name).replace("\n", "\n  ")
                notes.append(f"- **{target.text}** (asked {asked}, measured {measured}):\n  {note}")
        head = "| what | to reach | measured | |\n| --- | ---: | ---: | --- |\n"
        why = ["Not reached, and why:", "\n".join(notes)] if notes else []
        return "\n\n".join([head + "\n".join(rows), *why])

    def machine(self):
        if not self.results:
            return NOT_MEASURED
        described = {}
        for bench, result in self.results.items():
            described.setdefault(_machine_table(result), []).append(bench)
        if len(described) == 1:
            return next(iter(described))
        return "\n\n".join(f"{', '.join(benches)}:\n\n{text}" for text, benches in described.items())

    def measured(self, name):
        if name not in self.results:
            return NOT_MEASURED
        result = self.results[name]
        commands = ", ".join(f"`{command}`" for command in result["settings"]["commands"])
        load = result["settings"].get("load_before", 0)
        # The bench before may have kept all cores at work; more than that was somebody else.
        is_busy = load > result["machine"]["cores"] + 1
        busy = f", while the machine had other work (load {load:g} before)" if is_busy else ""
        return f"{commands}; {result['date'][:10]}, commit {result['commit']}{busy}."

    def bench(self, name):
        if name not in self.results:
            return NOT_MEASURED
        return "\n\n".join([self.measured(name), *(_tables(self.results[name]["results"], None))])

    def _lines(self, name, words):
        """(the lines that fit, what is left of the words)."""
        where = dict(word.split("=", 1) for word in words if "=" in word)
        where |= {word[1:]: None for word in words if word.startswith("!")}
        rest = [word for word in words if "=" not in word and not word.startswith("!")]
        return [line for line in lines_of(self.results, name) if line_fits(line, where)], rest

    def table(self, name, *words):
        lines, columns = self._lines(name, words)
        lines = [line for line in lines if any(column in line for column in columns or line)]
        if not lines:
            self._odd(name, f"the lines of table {' '.join(words)}")
            return NOT_MEASURED
        return "\n\n".join(_tables(lines, columns))

    def pivot(self, name, row, column, figure, *words):
        lines = [line for line in self._lines(name, words)[0] if row in line and column in line and figure in line]
        if not lines:
            self._odd(name, f"the lines of pivot {row} {column} {figure}")
            return NOT_MEASURED
        return markdown_pivot(lines, row, column, figure)

    def picture(self, name):
        chart = PICTURES[name](self.results)
        if chart is None:
            return NOT_MEASURED
        self.pictures[name] = svg_of(chart)
        return f"![{chart.title}](performance/{name}.svg)"

    def growth(self):
        """A table of all curves, then a picture of each."""
        fits = lines_of(self.results, "growth", order="*")
        if not fits:
            return NOT_MEASURED
        parts = [self.measured("growth"), markdown_table(fits)]
        for fit in fits:
            name = "growth-" + re.sub(r"[^a-z0-9]+", "-", fit["curve"].lower()).strip("-")
            chart = growth(fit["curve"])(self.results)
            self.pictures[name] = svg_of(chart)
            parts.append(f"![{chart.title}](performance/{name}.svg)")
        return "\n\n".join(parts)

    def text(self, template):
        """The whole page."""
        verbs = {"targets": self.targets, "machine": self.machine, "measured": self.measured,
                 "bench": self.bench, "table": self.table, "pivot": self.pivot, "picture": self.picture,
                 "growth": self.growth}
        out = []
        for number, line in enumerate(template.splitlines(), 1):
            found = re.fullmatch(r"\{\{ *(\w+) *(.*?) *\}\}", line)
            if found is None:
                out.append(line)
                continue
            try:
                made = verbs[found.group(1)](*found.group(2).split())
            except (KeyError, TypeError) as error:
                raise BadPage(f"performance.md.in, line {number}: {line}: {error}") from None
            # Once is enough for all that a bench would have told.
            before = next((text for text in reversed(out) if text), "")
            if made != NOT_MEASURED or before != NOT_MEASURED:
                out.append(made)
            elif out[-1] == "":
                out.pop()
        return MADE + "\n".join(out) + "\n"


def _machine_table(result):
    machine = result["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    rows = (("CPU", f"{machine['cpu']}, {machine['cores']} cores, {machine['mhz']:,} MHz; {machine['caches']}"),
            ("hypervisor", machine["hypervisor"]), ("memory", f"{machine['memory_mb']:,} MB"),
            ("system", f"{machine['system']}, kernel {machine['kernel']}"),
            ("compiler", f"{result['compiler']}, `{result['flags']}`"), ("versions", versions))
    return "\n".join(["| | |", "| --- | --- |"] + [f"| {name} | {text} |" for name, text in rows])


def _tables(lines, columns):
    for group in groups(lines):
        if repetitions_of(group) > 1:
            yield f"Median (smallest .. largest) of {repetitions_of(group)} repetitions:"
        yield markdown_table(group, columns)


def pictures_write(folder, pictures):
    """Writes the pictures; those that the page no longer has go."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, svg in pictures.items():
        (folder / f"{name}.svg").write_text(svg, encoding="utf-8")
    for old in folder.glob("*.svg"):
        if old.stem not in pictures:
            old.unlink()


def main(words):
    if len(words) != 2:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    docs = pathlib.Path(words[1])
    try:
        page = Page(folder_read(words[0]), docs)
        text = page.text((docs / "performance.md.in").read_text(encoding="utf-8"))
    except (BadPage, BadResult, PlotFailed, OSError) as error:
        print(f"report: {error}", file=sys.stderr)
        return 1
    pictures_write(docs / "performance", page.pictures)
    (docs / "performance.md").write_text(text, encoding="utf-8")
    for what in page.missing:
        print(f"report: {what}", file=sys.stderr)
    print(f"report: {docs}/performance.md and {len(page.pictures)} pictures from {len(page.results)} benches")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
