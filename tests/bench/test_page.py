#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""From result files to the page: tables, targets, pictures, and what is said of what is missing."""

import shutil
import unittest

import canned  # before the rest: it says where they are
import page
import plot
import table
import target


class Tables(unittest.TestCase):
    def test_figures_have_the_digits_that_can_be_believed(self):
        for value, text in ((1234567, "1,234,567"), (1234.5, "1,234"), (164.26, "164"), (12.345, "12.3"),
                            (1.2345, "1.23"), (0.70345, "0.70"), (0.0123, "0.0123"), (0.0, "0"), (-5.25, "-5.25"),
                            (True, "yes"), ("rtp98", "rtp98")):
            with self.subTest(value=value):
                self.assertEqual(table.figure_text(value), text)

    def test_markdown(self):
        self.assertEqual(table.markdown_table(canned.PARSE[:2]), "\n".join((
            "| parser | ns per message | messages |",
            "| --- | ---: | ---: |",
            "| fast-avx2 | 150 (148 .. 160) | 10,646 |",
            "| fast-scalar | 1,300 (1,290 .. 1,310) | 10,646 |")))
        self.assertEqual(table.markdown_table(canned.PARSE[:1], ["messages", "parser"]), "\n".join((
            "| messages | parser |", "| ---: | --- |", "| 10,646 | fast-avx2 |")))

    def test_terminal(self):
        text = table.text_tables([{"case": "a", "ns": 5}, {"case": "bcd", "ns": 1000}, {"way": "x", "us": 1}])
        self.assertEqual(text, "case     ns\na         5\nbcd   1,000\n\nway  us\nx     1\n")

    def test_what_a_line_lacks_is_a_dash(self):
        lines = [{"bench": "x", "case": "a", "ns": 5, "ns_min": 4, "ns_max": 6, "lost": 1},
                 {"bench": "x", "case": "b", "ns": 7, "ns_min": 7, "ns_max": 7},
                 {"bench": "x", "case": "c", "ns": None, "lost": None}]
        self.assertEqual(table.text_tables(lines[:2]),
                         "case          ns  lost\na     5 (4 .. 6)     1\nb              7     -\n")
        self.assertIn("| c | - | - |", table.markdown_table(lines))


class Targets(unittest.TestCase):
    results = {"parse": canned.result_of("parse", canned.PARSE)}

    def outcome(self, name):
        return target.outcome(next(t for t in target.TARGETS if t.name == name), self.results)

    def test_ratios_are_of_the_best_fast_parser(self):
        self.assertAlmostEqual(self.outcome("parse-memchr").value, 150 / 120)
        self.assertIs(self.outcome("parse-memchr").reached, False)
        self.assertAlmostEqual(self.outcome("parse-osip2").value, 7500 / 150)
        self.assertIs(self.outcome("parse-osip2").reached, False)

    def test_what_is_not_there_is_not_measured(self):
        for name in ("parse-instructions", "parse-sofia", "gate", "wire-rtp", "latency-p50", "memory-call"):
            with self.subTest(name=name):
                self.assertIsNone(self.outcome(name).value)
                self.assertIsNone(self.outcome(name).reached)

    def test_the_limit_itself_is_reached(self):
        results = {"parse": canned.result_of("parse", [{"parser": "fast-avx2", "instructions_per_message": 1500}])}
        wanted = next(t for t in target.TARGETS if t.name == "parse-instructions")
        self.assertIs(target.outcome(wanted, results).reached, True)

    def test_cpu_of_a_call_is_that_of_the_sustained_rate(self):
        lines = [{"case": "cpu", "transport": "tcp", "calls_per_s": 5000, "cpu_us_per_call_worker": 95.0},
                 {"case": "sustained", "transport": "tcp", "sustained_calls_per_s": 12000.0,
                  "cpu_us_per_call_worker": 35.0}]
        wanted = [next(t for t in target.TARGETS if t.name == name) for name in ("calls-per-s", "cpu-per-call")]
        found = [target.outcome(t, {"calls": canned.result_of("calls", lines)}) for t in wanted]
        self.assertEqual([(out.value, out.reached) for out in found], [(12000.0, True), (35.0, True)])
        self.assertIs(found[0].line, found[1].line)
        # No rate was kept: what a call costs at another one doesn't stand in for it.
        lines[1] = {"case": "sustained", "transport": "tcp", "sustained_calls_per_s": None}
        found = [target.outcome(t, {"calls": canned.result_of("calls", lines)}) for t in wanted]
        self.assertEqual([out.value for out in found], [None, None])

    def test_lines_of_one_kind_or_size_do_not_stand_for_the_corpus(self):
        results = {"parse": canned.result_of("parse", [{"parser": "fast-avx2", "kind": "ACK", "ns_per_message": 1}])}
        wanted = next(t for t in target.TARGETS if t.name == "parse-memchr")
        self.assertIsNone(target.outcome(wanted, results).value)


class Pages(canned.Folder):
    def made(self, template, *results):
        made = page.Page({result["bench"]: result for result in results}, self.folder)
        return made, made.text(template).removeprefix(page.MADE)

    def test_no_results_no_figures(self):
        template = (canned.TREE / "docs/performance.md.in").read_text(encoding="utf-8")
        made, text = self.made(template)
        self.assertEqual(made.pictures, {})
        self.assertNotIn("{{", text)
        self.assertEqual(text.count(f"| {page.NOT_MEASURED} | |"), len(target.TARGETS))
        self.assertNotIn("reached |", text)
        for section in text.split("\n## ")[2:-1]:
            self.assertIn(page.NOT_MEASURED, section)
        self.assertNotIn(f"{page.NOT_MEASURED}\n\n{page.NOT_MEASURED}", text)
        self.assertNotIn("\n\n\n", text)

    def test_bench(self):
        _, text = self.made("a\n{{ bench parse }}\nb\n{{ bench wire }}", canned.result_of("parse", canned.PARSE[:1]))
        self.assertEqual(text, "\n".join((
            "a", "`build/bench/bench-parse --json`; 2026-01-02, commit abc.", "",
            "Median (smallest .. largest) of 11 repetitions:", "",
            "| parser | ns per message | messages |", "| --- | ---: | ---: |",
            "| fast-avx2 | 150 (148 .. 160) | 10,646 |", "b", "*not measured*", "")))

    def test_a_busy_machine_is_told(self):
        for load, told in ((0.4, False), (3, False), (7.25, True)):
            settings = {"commands": ["x"], "load_before": load}
            _, text = self.made("{{ measured parse }}", canned.result_of("parse", canned.PARSE, settings=settings))
            self.assertEqual("(load 7.25 before)" in text, told)

    def test_table_of_some_lines(self):
        lines = [*canned.PARSE, {"parser": "fast-avx2", "kind": "ACK", "ns_per_message": 90.0, "messages": 7,
                                  "repetitions": 11}]
        _, text = self.made("{{ table parse parser=fast-* !kind parser messages }}", canned.result_of("parse", lines))
        self.assertEqual(text, "Median (smallest .. largest) of 11 repetitions:\n\n"
                               "| parser | messages |\n| --- | ---: |\n| fast-avx2 | 10,646 |\n"
                               "| fast-scalar | 10,646 |\n")
        _, text = self.made("{{ table parse parser=sofia parser messages }}", canned.result_of("parse", canned.PARSE))
        self.assertEqual(text, "*not measured*\n")

    def test_pivot(self):
        lines = [{"parser": parser, "kind": kind, "ns": ns} for parser, kind, ns in
                 (("fast", "ACK", 90.5), ("osip2", "ACK", 4000), ("fast", "BYE", None), ("libre", "BYE", 5000))]
        _, text = self.made("{{ pivot parse kind parser ns }}\n{{ pivot parse kind parser ns parser=nobody }}",
                            canned.result_of("parse", lines + canned.PARSE))
        self.assertEqual(text, "\n".join((
            "| kind | fast | osip2 | libre |", "| --- | ---: | ---: | ---: |",
            "| ACK | 90.5 | 4,000 | - |", "| BYE | - | - | 5,000 |", "*not measured*", "")))

    def test_what_is_not_reached_says_why(self):
        notes = self.folder / "performance/notes"
        notes.mkdir(parents=True)
        (notes / "parse-osip2.md").write_text("Because.\n", encoding="utf-8")
        made, text = self.made("{{ targets }}", canned.result_of("parse", canned.PARSE))
        self.assertIn("| ≥ 60 | 50.0 | **not reached** |", text)
        self.assertIn("(asked ≥ 60, measured 50.0):\n  Because.", text)
        self.assertIn("measured 1.25):\n  Nobody has looked into why yet.", text)
        self.assertEqual([word for word in made.missing if "parse-memchr.md" in word], made.missing[:1])
        self.assertEqual(made.missing[1:], [
            f"bench-parse was measured, but has not the figure of target {name}"
            for name in ("parse-instructions", "parse-sofia", "gate")])

    def test_what_is_reached_says_nothing_more(self):
        lines = [{"parser": "fast-avx2", "ns_per_message": 100.0}, {"parser": "memchr", "ns_per_message": 120.0}]
        made, text = self.made("{{ targets }}", canned.result_of("parse", lines))
        self.assertIn("| ≤ 1.00 | 0.83 | reached |", text)
        self.assertEqual([word for word in made.missing if "not reached" in word], [])
        self.assertNotIn("Not reached", text)

    def test_machines_are_told_apart(self):
        _, text = self.made("{{ machine }}", canned.result_of("parse", canned.PARSE),
                            canned.result_of("wire", [{"pps": 1}], machine={**canned.MACHINE, "cpu": "Other"}))
        self.assertIn("parse:\n\n| | |\n| --- | --- |\n| CPU | Test CPU, 2 cores, 2,600 MHz; L1d 32 KiB |", text)
        self.assertIn("wire:\n\n| | |\n| --- | --- |\n| CPU | Other, 2 cores", text)
        _, text = self.made("{{ machine }}", canned.result_of("parse", canned.PARSE),
                            canned.result_of("wire", [{"pps": 1}]))
        self.assertEqual(text.count("Test CPU"), 1)
        self.assertTrue(text.startswith("| | |"))

    def test_lines_that_nobody_understands(self):
        for line in ("{{ nothing }}", "{{ bench }}", "{{ picture nothing }}"):
            with self.subTest(line=line), self.assertRaises(page.BadPage) as caught:
                self.made(f"text\n{line}")
            self.assertIn("line 2", str(caught.exception))

    def test_pictures_that_are_no_more_go(self):
        pictures = self.folder / "performance"
        page.pictures_write(pictures, {"a": "<svg/>", "b": "<svg/>"})
        page.pictures_write(pictures, {"b": "<svg></svg>"})
        self.assertEqual([path.name for path in pictures.glob("*")], ["b.svg"])
        self.assertEqual((pictures / "b.svg").read_text(encoding="utf-8"), "<svg></svg>")


class Pictures(unittest.TestCase):
    @unittest.skipIf(shutil.which("gnuplot") is None, "gnuplot is not installed")
    def test_the_same_figures_give_the_same_picture(self):
        charts = (page.PICTURES["parsers"]({"parse": canned.result_of("parse", canned.PARSE)}),
                  plot.Chart("it's <flat>", "n", "ns", [plot.Series("a & b", [(10, 5, 4, 6), (1000, 6, 5, 7)]),
                                                         plot.Series("expected", [(10, 5), (1000, 5)], True)],
                             logx=True, logy=True, xtics=[("50 %", 10), ("it's", 1000)]),
                  plot.Bars("100 %", "ns", [("a", {"x %d": (1, 0, 2), "y": (3, 3, 3)}), ("b", {"y": (4, 3, 5)})]))
        for chart in charts:
            with self.subTest(chart=chart.title):
                svg = plot.svg_of(chart)
                self.assertEqual(svg, plot.svg_of(chart))
                self.assertLess(len(svg), 20000)
                self.assertIn("prefers-color-scheme: dark", svg)
                for word in ("black", "GNUPLOT", "20[0-9][0-9]-"):
                    self.assertNotRegex(svg, word)

    def test_latency_gives_each_nine_the_same_room(self):
        line = {"case": "latency", "calls_per_s": 1000, "latency_us_p50": 20, "latency_us_p99": 90,
                "latency_us_p999": 150, "latency_us_max": 200}
        chart = page.PICTURES["latency"]({"calls": canned.result_of("calls", [line])})
        self.assertEqual([(round(x), y) for x, y in chart.series[0].points], [(2, 20), (100, 90), (1000, 150)])


if __name__ == "__main__":
    unittest.main()
