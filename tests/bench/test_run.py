#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""From a bench's output to its result file: what is refused, what is kept, what is told."""

import contextlib
import io
import json
import os
import pathlib
import subprocess
import time
import unittest
from unittest import mock

import canned  # before the rest: it says where they are
import bench
import growth
import picture
import run
from order import exponent, exponent_expected
from result import BadResult, file_read, file_write, folder_read, line_parse, lines_fold


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
        for line in (*canned.PARSE, {"case": "x", "loss_percent": 0}, {"x": None, "y": 1}, {"a_min": 3},
                     {"ns": 5, "ns_min": 5, "ns_max": 5}):
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


class Files(canned.Folder):
    def test_what_is_written_is_read(self):
        result = canned.result_of("parse", canned.PARSE)
        file_write(self.folder, result)
        self.assertEqual(folder_read(self.folder), {"parse": result})

    def test_bad_files_are_refused_by_name(self):
        good = canned.result_of("parse", canned.PARSE)
        for text, why in (("{", "parse.json"), (json.dumps({**good, "results": [{"parser": "x"}]}), "result 1"),
                          (json.dumps({key: good[key] for key in good if key != "machine"}), "without machine")):
            with self.subTest(text=text[:20]):
                path = self.folder / "parse.json"
                path.write_text(text, encoding="utf-8")
                with self.assertRaises(BadResult) as caught:
                    file_read(path)
                self.assertIn(why, str(caught.exception))
                self.assertIn("parse.json", str(caught.exception))


class Running(canned.Folder):
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
        self.assertEqual(set(result["machine"]), set(canned.MACHINE))

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

    def test_do_knows_every_bench(self):
        told = subprocess.run([canned.TREE / "do", "help"], capture_output=True, text=True, check=True).stdout
        names = next(line for line in told.splitlines() if line.split()[:1] == [bench.BENCHES[0].name]).split()
        self.assertEqual(names, [entry.name for entry in bench.BENCHES])
        for words, why in ((["bench-parse", "x"], "stand behind --"), (["report", "x"], "report takes no arguments")):
            done = subprocess.run([canned.TREE / "do", *words], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn(why, done.stderr)

    def test_growth_fits_what_a_program_prints(self):
        program = self.script("linear", 'echo "{\\"case\\": \\"other\\", \\"ns\\": 7}"; '
                                        'echo "{\\"case\\": \\"c\\", \\"n\\": $1, \\"ns\\": $(($1 * 3))}"')
        curve = growth.Curve("a curve", f"{program} {{size}}", (10, 100, 1000), "n", {"case": "c"}, "ns", "linear")
        with contextlib.redirect_stderr(io.StringIO()):
            lines = growth.curve_measure(curve, growth.Runs(self.folder), 2)
        self.assertEqual(lines[1], {"curve": "a curve", "n": 100, "ns": 300, "repetitions": 2})
        self.assertEqual(lines[3], {"curve": "a curve", "over": "n", "figure": "ns", "order": "linear", "from": 10,
                                    "to": 1000, "expected_exponent": 1.0, "fitted_exponent": 1.0})
        chart = picture.growth("a curve")({"growth": canned.result_of("growth", lines)})
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


    def test_growth_borrows_what_was_measured_at_this_commit(self):
        program = self.script("lent", 'echo "{\\"n\\": 10, \\"ns\\": 1}"; echo "{\\"n\\": 100, \\"ns\\": 1}"')
        curve = growth.Curve("a curve", f"{program} --json", (), "n", {}, "ns", "flat")
        kept = self.folder / "bench-results"
        kept.mkdir()
        lent = [{"n": 10, "ns": 5}, {"n": 100, "ns": 5}]
        for commit, wanted in (("abc", 5), ("abc-dirty", 1), ("def", 1)):
            result = canned.result_of("lent", lent, commit=commit, settings={"commands": [f"{program} --json"]})
            file_write(kept, result)
            with mock.patch("machine.commit", return_value=commit if commit != "def" else "abc"), \
                    contextlib.redirect_stderr(io.StringIO()):
                lines = growth.curve_measure(curve, growth.Runs(self.folder), 1)
            self.assertEqual(lines[0]["ns"], wanted)


class Orders(unittest.TestCase):
    def test_exponents(self):
        sizes = (10, 100, 1000, 10000)
        for order, wanted in (("flat", 0), ("linear", 1)):
            self.assertAlmostEqual(exponent_expected(order, sizes), wanted)
        self.assertAlmostEqual(exponent([(n, 3 * n * n) for n in sizes]), 2)
        self.assertTrue(0 < exponent_expected("log", sizes) < 0.3)


if __name__ == "__main__":
    unittest.main()
