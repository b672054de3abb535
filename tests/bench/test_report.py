#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""From a bench's lines to the page: what is refused, what is kept, what is said of what is missing."""

import contextlib
import io
import json
import os
import pathlib
import shutil
import sys
import tempfile
import time
import unittest
from unittest import mock

sys.dont_write_bytecode = True
TREE = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(TREE / "bench/report"), str(TREE / "bench/growth")]

# pylint: disable=wrong-import-position
import bench
import growth
import page
import plot
import run
import table
import target
from order import exponent, exponent_expected
from result import BadResult, file_read, file_write, folder_read, line_parse, lines_fold

MACHINE = {"cpu": "Test CPU", "cores": 2, "mhz": 2600, "caches": "L1d 32 KiB", "hypervisor": "none",
           "memory_mb": 1024, "system": "Debian", "kernel": "6.1"}


def result_of(name, lines, **more):
    return {"bench": name, "date": "2026-01-02T03:04:05Z", "commit": "abc", "machine": MACHINE,
            "compiler": "cc 12", "flags": "-O2", "versions": {"dpdk": "22.11"},
            "settings": {"commands": [f"build/bench/bench-{name} --json"]}, "results": lines, **more}


PARSE = [
    {"parser": "fast-avx2", "ns_per_message": 150.0, "ns_per_message_min": 148.5, "ns_per_message_max": 160.0,
     "messages": 10646, "repetitions": 11},
    {"parser": "fast-scalar", "ns_per_message": 1300.0, "ns_per_message_min": 1290.0,
     "ns_per_message_max": 1310.0, "messages": 10646, "repetitions": 11},
    {"parser": "osip2", "ns_per_message": 7500.0, "ns_per_message_min": 7400.0, "ns_per_message_max": 7600.0,
     "messages": 10646, "repetitions": 11},
    {"parser": "memchr", "ns_per_message": 120.0, "ns_per_message_min": 119.0, "ns_per_message_max": 121.0,
     "messages": 10646, "repetitions": 11},
]


class Lines(unittest.TestCase):
    def test_bad_ones_are_refused_and_told_why(self):
        for text, why in (
                ("parser  ns/message", "not JSON"),
                ("", "not JSON"),
                ("[1, 2]", "not a JSON object"),
                ("{}", "not a JSON object"),
                ('{"parser": "x"}', "no figure"),
                ('{"parser": "x", "ready": true}', "no figure"),
                ('{"x": {"y": 1}}', "flat"),
                ('{"x": [1]}', "flat"),
                ('{"x": null}', "no figure"),
                ('{"x": NaN}', "no figure"),
                ('{"x": -Infinity}', "no figure"),
                ('{"x": 1e999}', "no finite number"),
                ('{"x": 1, "x": 2}', '"x" twice'),
                ('{"ns": 5, "ns_min": 6, "ns_max": 7}', "not between"),
                ('{"ns": 8, "ns_min": 6, "ns_max": 7}', "not between"),
                ('{"a": 1, "ns_min": 6, "ns_max": 7}', 'without the number "ns"'),
                ('{"ns": "6", "ns_min": 6, "ns_max": 7}', 'without the number "ns"'),
                ('{"ns": 5, "repetitions": 0}', "no count"),
                ('{"ns": 5, "repetitions": 1.5}', "no count"),
                ('{"ns": 5} {"ns": 6}', "not JSON"),
        ):
            with self.subTest(text=text):
                with self.assertRaises(BadResult) as caught:
                    line_parse(text)
                self.assertIn(why, str(caught.exception))

    def test_good_ones_come_back_as_they_are(self):
        for line in (*PARSE, {"case": "x", "loss_percent": 0}, {"x": None, "y": 1}, {"a_min": 3}, {"ns": 5, "ns_min": 5, "ns_max": 5}):
            with self.subTest(line=line):
                self.assertEqual(line_parse(json.dumps(line)), line)

    def test_rounds_become_median_and_spread(self):
        rounds = [[{"case": "a", "size": 7, "ns": ns}] for ns in (30, 10, 20)]
        self.assertEqual(lines_fold(rounds), [{"case": "a", "size": 7, "ns": 20, "ns_min": 10, "ns_max": 30,
                                               "repetitions": 3}])

    def test_rounds_that_differ_in_more_than_figures_are_refused(self):
        for rounds in ([[{"case": "a", "ns": 1}], [{"case": "b", "ns": 1}]],
                       [[{"ns": 1}], [{"us": 1}]],
                       [[{"ns": 1}], [{"ns": 1}, {"ns": 2}]]):
            with self.subTest(rounds=rounds), self.assertRaises(ValueError):
                lines_fold(rounds)


class Tables(unittest.TestCase):
    def test_figures_have_the_digits_that_can_be_believed(self):
        for value, text in ((1234567, "1,234,567"), (1234.5, "1,234"), (164.26, "164"), (12.345, "12.3"),
                            (1.2345, "1.23"), (0.70345, "0.70"), (0.0123, "0.0123"), (0.0, "0"), (-5.25, "-5.25"),
                            (True, "yes"), ("rtp98", "rtp98")):
            with self.subTest(value=value):
                self.assertEqual(table.figure_text(value), text)

    def test_markdown(self):
        self.assertEqual(table.markdown_table(PARSE[:2]), "\n".join((
            "| parser | ns per message | messages |",
            "| --- | ---: | ---: |",
            "| fast-avx2 | 150 (148 .. 160) | 10,646 |",
            "| fast-scalar | 1,300 (1,290 .. 1,310) | 10,646 |")))
        self.assertEqual(table.markdown_table(PARSE[:1], ["messages", "parser"]), "\n".join((
            "| messages | parser |", "| ---: | --- |", "| 10,646 | fast-avx2 |")))

    def test_terminal(self):
        text = table.text_tables([{"case": "a", "ns": 5}, {"case": "bcd", "ns": 1000}, {"way": "x", "us": 1}])
        self.assertEqual(text, "case     ns\na         5\nbcd   1,000\n\nway  us\nx     1\n")

    def test_what_a_line_lacks_is_a_dash(self):
        lines = [{"bench": "x", "case": "a", "ns": 5, "ns_min": 4, "ns_max": 6, "lost": 1},
                 {"bench": "x", "case": "b", "ns": 7}, {"bench": "x", "case": "c", "ns": None, "lost": None}]
        self.assertEqual(table.text_tables(lines[:2]),
                         "case          ns  lost\na     5 (4 .. 6)     1\nb              7     -\n")
        self.assertIn("| c | - | - |", table.markdown_table(lines))


class Targets(unittest.TestCase):
    results = {"parse": result_of("parse", PARSE)}

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
        results = {"parse": result_of("parse", [{"parser": "fast-avx2", "instructions_per_message": 1500}])}
        wanted = next(t for t in target.TARGETS if t.name == "parse-instructions")
        self.assertIs(target.outcome(wanted, results).reached, True)

    def test_lines_of_one_kind_or_size_do_not_stand_for_the_corpus(self):
        results = {"parse": result_of("parse", [{"parser": "fast-avx2", "kind": "ACK", "ns_per_message": 1}])}
        wanted = next(t for t in target.TARGETS if t.name == "parse-memchr")
        self.assertIsNone(target.outcome(wanted, results).value)


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))


class Files(Folder):
    def test_what_is_written_is_read(self):
        result = result_of("parse", PARSE)
        file_write(self.folder, result)
        self.assertEqual(folder_read(self.folder), {"parse": result})

    def test_bad_files_are_refused_by_name(self):
        good = result_of("parse", PARSE)
        for text, why in (("{", "parse.json"), (json.dumps({**good, "results": [{"parser": "x"}]}), "result 1"),
                          (json.dumps({key: good[key] for key in good if key != "machine"}), "without machine")):
            with self.subTest(text=text[:20]):
                path = self.folder / "parse.json"
                path.write_text(text, encoding="utf-8")
                with self.assertRaises(BadResult) as caught:
                    file_read(path)
                self.assertIn(why, str(caught.exception))
                self.assertIn("parse.json", str(caught.exception))


class Pages(Folder):
    def made(self, template, *results):
        made = page.Page({result["bench"]: result for result in results}, self.folder)
        return made, made.text(template).removeprefix(page.MADE)

    def test_no_results_no_figures(self):
        template = (TREE / "docs/performance.md.in").read_text(encoding="utf-8")
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
        _, text = self.made("a\n{{ bench parse }}\nb\n{{ bench wire }}", result_of("parse", PARSE[:1]))
        self.assertEqual(text, "\n".join((
            "a", "`build/bench/bench-parse --json`; 2026-01-02, commit abc.", "",
            "Median (smallest .. largest) of 11 repetitions:", "",
            "| parser | ns per message | messages |", "| --- | ---: | ---: |",
            "| fast-avx2 | 150 (148 .. 160) | 10,646 |", "b", "*not measured*", "")))

    def test_table_of_some_lines(self):
        lines = [*PARSE, {"parser": "fast-avx2", "kind": "ACK", "ns_per_message": 90.0, "messages": 7, "repetitions": 11}]
        _, text = self.made("{{ table parse parser=fast-* !kind parser messages }}", result_of("parse", lines))
        self.assertEqual(text, "Median (smallest .. largest) of 11 repetitions:\n\n"
                               "| parser | messages |\n| --- | ---: |\n| fast-avx2 | 10,646 |\n"
                               "| fast-scalar | 10,646 |\n")
        _, text = self.made("{{ table parse parser=sofia parser messages }}", result_of("parse", PARSE))
        self.assertEqual(text, "*not measured*\n")

    def test_pivot(self):
        lines = [{"parser": parser, "kind": kind, "ns": ns} for parser, kind, ns in
                 (("fast", "ACK", 90.5), ("osip2", "ACK", 4000), ("fast", "BYE", None), ("libre", "BYE", 5000))]
        _, text = self.made("{{ pivot parse kind parser ns }}\n{{ pivot parse kind parser ns parser=nobody }}",
                            result_of("parse", lines + PARSE))
        self.assertEqual(text, "\n".join((
            "| kind | fast | osip2 | libre |", "| --- | ---: | ---: | ---: |",
            "| ACK | 90.5 | 4,000 | - |", "| BYE | - | - | 5,000 |", "*not measured*", "")))

    def test_what_is_not_reached_says_why(self):
        notes = self.folder / "performance/notes"
        notes.mkdir(parents=True)
        (notes / "parse-osip2.md").write_text("Because.\n", encoding="utf-8")
        made, text = self.made("{{ targets }}", result_of("parse", PARSE))
        self.assertIn("| ≥ 60 | 50.0 | **not reached** |", text)
        self.assertIn("(asked ≥ 60, measured 50.0). Because.", text)
        self.assertIn("measured 1.25). Nobody has looked into why yet.", text)
        self.assertEqual([word for word in made.missing if "parse-memchr.md" in word], made.missing[:1])
        self.assertEqual(made.missing[1:], [
            f"bench-parse was measured, but has not the figure of target {name}"
            for name in ("parse-instructions", "parse-sofia", "gate")])

    def test_what_is_reached_says_nothing_more(self):
        lines = [{"parser": "fast-avx2", "ns_per_message": 100.0}, {"parser": "memchr", "ns_per_message": 120.0}]
        made, text = self.made("{{ targets }}", result_of("parse", lines))
        self.assertIn("| ≤ 1.00 | 0.83 | reached |", text)
        self.assertEqual([word for word in made.missing if "not reached" in word], [])
        self.assertNotIn("Not reached", text)

    def test_machines_are_told_apart(self):
        _, text = self.made("{{ machine }}", result_of("parse", PARSE),
                            result_of("wire", [{"pps": 1}], machine={**MACHINE, "cpu": "Other"}))
        self.assertIn("parse:\n\n| | |\n| --- | --- |\n| CPU | Test CPU, 2 cores, 2,600 MHz; L1d 32 KiB |", text)
        self.assertIn("wire:\n\n| | |\n| --- | --- |\n| CPU | Other, 2 cores", text)
        _, text = self.made("{{ machine }}", result_of("parse", PARSE), result_of("wire", [{"pps": 1}]))
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
        charts = (page.PICTURES["parsers"]({"parse": result_of("parse", PARSE)}),
                  plot.Chart("it's <flat>", "n", "ns", [plot.Series("a & b", [(10, 5, 4, 6), (1000, 6, 5, 7)]),
                                                         plot.Series("expected", [(10, 5), (1000, 5)], True)],
                             logx=True, logy=True))
        for chart in charts:
            with self.subTest(chart=chart.title):
                svg = plot.svg_of(chart)
                self.assertEqual(svg, plot.svg_of(chart))
                self.assertLess(len(svg), 20000)
                self.assertIn("prefers-color-scheme: dark", svg)
                for word in ("black", "GNUPLOT", "20[0-9][0-9]-"):
                    self.assertNotRegex(svg, word)

    def test_latency_gives_each_nine_the_same_room(self):
        line = {"case": "latency", "calls_per_s": 1000, "latency_us_p50": 20, "latency_us_p99": 90, "latency_us_p999": 150,
                "latency_us_max": 200}
        chart = page.PICTURES["latency"]({"calls": result_of("calls", [line])})
        self.assertEqual([(round(x), y) for x, y in chart.series[0].points], [(2, 20), (100, 90), (1000, 150)])


class Orders(unittest.TestCase):
    def test_exponents(self):
        sizes = (10, 100, 1000, 10000)
        for order, wanted in (("flat", 0), ("linear", 1)):
            self.assertAlmostEqual(exponent_expected(order, sizes), wanted)
        self.assertAlmostEqual(exponent([(n, 3 * n * n) for n in sizes]), 2)
        self.assertTrue(0 < exponent_expected("log", sizes) < 0.3)


class Running(Folder):
    def setUp(self):
        super().setUp()
        (self.folder / "meson-info").mkdir()
        (self.folder / "meson-info/intro-buildoptions.json").write_text(
            '[{"name": "buildtype", "value": "release"}, {"name": "prefix", "value": "/usr"}]', encoding="utf-8")
        (self.folder / "compile_commands.json").write_text(
            '[{"file": "../sip/msg.c", "command": "true -Iroot -O2 -o a.o -c ../sip/msg.c"}]', encoding="utf-8")

    def script(self, name, body):
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    def run_main(self, benches, *words):
        err = io.StringIO()
        with mock.patch.object(run, "BENCHES", benches), mock.patch.object(bench, "BENCHES", benches), \
                contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(err):
            return run.main([str(self.folder), *words]), err.getvalue()

    def test_good_and_bad(self):
        good = self.script("good", 'echo "{\\"case\\": \\"$*\\", \\"ns\\": 1}"')
        benches = (bench.Bench("good", (f"{good} --json",)),
                   bench.Bench("text", (self.script("text", "echo hello"),)),
                   bench.Bench("silent", (self.script("silent", "true"),)),
                   bench.Bench("fails", (self.script("fails", "echo '{\"ns\": 1}'; exit 3"),)),
                   bench.Bench("gone", (str(self.folder / "gone"),)),
                   bench.Bench("slow", (self.script("slow", "sleep 60 & wait"),), limit_s=0.2),
                   bench.Bench("root", (good,), needs_root=True))
        folder = self.folder / "bench-results"
        folder.mkdir()
        (folder / "fails.json").write_text("older", encoding="utf-8")
        with mock.patch.object(os, "getuid", lambda: 1000):
            code, err = self.run_main(benches)
        self.assertEqual(code, 1)
        self.assertEqual(sorted(path.name for path in folder.iterdir()), ["good.json"])
        end = err[err.index("left out: bench-root: needs root"):]
        for name, why in (("text", "line 1 of its output is no result"), ("silent", "no result line"),
                          ("fails", "exit code 3"), ("gone", "No such file"), ("slow", "not done after 0.2 s")):
            self.assertRegex(end, f"failed: bench-{name}: .*{why}")
        self.assertIn("1 of 7 benches done", end)
        result = file_read(folder / "good.json")
        self.assertEqual(result["results"], [{"case": "--json", "ns": 1}])
        self.assertEqual(result["flags"], "-O2")
        self.assertEqual(result["settings"]["buildtype"], "release")
        self.assertEqual(set(result["machine"]), set(MACHINE))

    def test_arguments_and_rounds(self):
        counting = self.script("counting", 'echo x >>"$0.n"; '
                                           'echo "{\\"case\\": \\"$*\\", \\"ns\\": $(wc -l <"$0.n")}"')
        code, _ = self.run_main((bench.Bench("counting", (counting,), rounds=3),), "counting", "--", "--size", "9")
        self.assertEqual(code, 0)
        self.assertEqual(file_read(self.folder / "bench-results/counting.json")["results"],
                         [{"case": "--size 9", "ns": 2, "ns_min": 1, "ns_max": 3, "repetitions": 3}])

    def test_what_a_bench_reads_is_made_before(self):
        maker = self.script("maker", 'echo made; echo "{\\"ns\\": 5}" >"$1"')
        entry = bench.Bench("reader", ("cat {results}/input",), before=maker + " {results}/input")
        code, err = self.run_main((entry,))
        self.assertEqual(code, 0, err)
        self.assertIn("made", err)
        result = file_read(self.folder / "bench-results/reader.json")
        self.assertEqual(result["results"], [{"ns": 5}])
        self.assertEqual(len(result["settings"]["commands"]), 2)
        code, err = self.run_main((entry._replace(before="false"),))
        self.assertEqual(code, 1)
        self.assertIn("failed: bench-reader: exit code 1", err)

    def test_unknown_names(self):
        code, err = self.run_main((bench.Bench("good", ("true",)),), "nothing")
        self.assertEqual(code, 2)
        self.assertIn("no bench nothing; there are: good", err)

    def test_nothing_of_a_slow_bench_stays(self):
        mark = self.folder / "child"
        slow = self.script("slow", f"sleep 60 & echo $! >{mark}; wait")
        with self.assertRaises(bench.BenchFailed):
            bench.command_run([slow], self.folder, 1)
        child = int(mark.read_text(encoding="utf-8"))
        for _ in range(500):
            try:
                state = pathlib.Path(f"/proc/{child}/stat").read_text(encoding="utf-8").split()[2]
            except FileNotFoundError:
                return
            if state == "Z":
                return
            time.sleep(0.01)
        self.fail(f"process {child} is left")

    def test_every_bench_of_the_table_can_be_named(self):
        names = [entry.name for entry in bench.BENCHES]
        self.assertEqual(len(names), len(set(names)))
        for entry in bench.BENCHES:
            for command in (entry.before, *entry.commands):
                self.assertNotRegex(" ".join(bench.command_words(command, pathlib.Path("/b"))), "[{}]")

    def test_growth_fits_what_a_program_prints(self):
        program = self.script("linear", 'echo "{\\"case\\": \\"other\\", \\"ns\\": 7}"; '
                                        'echo "{\\"case\\": \\"c\\", \\"n\\": $1, \\"ns\\": $(($1 * 3))}"')
        curve = growth.Curve("a curve", f"{program} {{size}}", (10, 100, 1000), "n", {"case": "c"}, "ns", "linear")
        with contextlib.redirect_stderr(io.StringIO()):
            lines = growth.curve_measure(curve, growth.Runs(self.folder), 2)
        self.assertEqual(lines[1], {"curve": "a curve", "n": 100, "ns": 300, "repetitions": 2})
        self.assertEqual(lines[3], {"curve": "a curve", "over": "n", "figure": "ns", "order": "linear", "from": 10,
                                    "to": 1000, "expected_exponent": 1.0, "fitted_exponent": 1.0})
        chart = page.growth("a curve")({"growth": result_of("growth", lines)})
        self.assertEqual(chart.series[0].points, [(10, 30, 30, 30), (100, 300, 300, 300), (1000, 3000, 3000, 3000)])
        self.assertEqual(chart.series[1].points, [(10, 30.0), (100, 300.0), (1000, 3000.0)])

    def test_growth_of_a_program_that_tells_all_sizes_runs_it_once_a_round(self):
        program = self.script("all", 'echo x >>"$0.n"\n'
                                     'for n in 10 100; do echo "{\\"n\\": $n, \\"bytes\\": $((n * 70)), '
                                     '\\"messages\\": 10, \\"ns\\": $(wc -l <"$0.n")}"; done')
        runs = growth.Runs(self.folder)
        with contextlib.redirect_stderr(io.StringIO()):
            for over, sizes in (("n", [10, 100]), ("bytes_per_message", [70, 700])):
                curve = growth.Curve(f"by {over}", program, (), over, {}, "ns", "flat")
                lines = growth.curve_measure(curve, runs, 3)
                self.assertEqual([line[over] for line in lines[:2]], sizes)
                self.assertEqual([(line["ns_min"], line["ns"], line["ns_max"]) for line in lines[:2]], [(1, 2, 3)] * 2)
                self.assertEqual(lines[2]["fitted_exponent"], 0)
            with self.assertRaises(bench.BenchFailed):
                growth.curve_measure(growth.Curve("none", program, (), "persons", {}, "ns", "flat"), runs, 1)
        self.assertEqual(pathlib.Path(f"{program}.n").read_text(encoding="utf-8"), "x\n" * 3)


if __name__ == "__main__":
    unittest.main()
