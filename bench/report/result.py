# SPDX-License-Identifier: Apache-2.0
"""Result lines and result files.

A bench program prints one flat JSON object a line: what was measured first ("parser", "size"), then figures whose key
carries the unit ("ns_per_message"). KEY is the median of "repetitions", KEY_min and KEY_max are the spread; null is a
figure that can't be had here. The runner puts the lines of one bench into one file, beside all that the figures depend
on; the page is made from these files.
"""

import json
import math
import pathlib
import statistics

# What a result file holds beside "results".
FIELDS = ("bench", "date", "commit", "machine", "compiler", "flags", "versions", "settings")


class BadResult(ValueError):
    """A line or file that is no result; the text says why."""


def _object_of_unique_keys(pairs):
    keys = [key for key, _ in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise BadResult(f'key "{key}" twice')
    return dict(pairs)


def _not_a_number(text):
    raise BadResult(f"{text} is no figure")


def _check_spread(line):
    for key, value in line.items():
        base, _, end = key.rpartition("_")
        if end not in ("min", "max") or f"{base}_min" not in line or f"{base}_max" not in line:
            continue
        if not all(is_number(line.get(name)) for name in (base, f"{base}_min", f"{base}_max")):
            raise BadResult(f'"{key}" without the number "{base}"')
        if not line[f"{base}_min"] <= line[base] <= line[f"{base}_max"]:
            raise BadResult(f'"{base}" is not between its smallest and largest')


def line_check(line):
    """Raises BadResult unless the object is a result line."""
    if not isinstance(line, dict) or not line:
        raise BadResult("not a JSON object with anything in it")
    for key, value in line.items():
        if not isinstance(value, (str, int, float, type(None))):
            raise BadResult(f'"{key}" is neither text nor number: a result line is flat')
        if isinstance(value, float) and not math.isfinite(value):
            raise BadResult(f'"{key}" is no finite number')
    if not any(is_number(value) for value in line.values()):
        raise BadResult("no figure in it")
    repetitions = line.get("repetitions", 1)
    if not isinstance(repetitions, int) or repetitions < 1:
        raise BadResult('"repetitions" is no count')
    _check_spread(line)


def line_parse(text):
    """The object of one line that a bench program printed."""
    try:
        line = json.loads(text, object_pairs_hook=_object_of_unique_keys,
                          parse_constant=_not_a_number)
    except json.JSONDecodeError as error:
        raise BadResult(f"not JSON: {error.msg} at column {error.colno}") from None
    line_check(line)
    return line


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def lines_fold(rounds):
    """One list of lines out of several runs of the same commands: the median of each figure, and its spread.

    A number that is the same in all runs belongs to what was measured and gets no spread.
    """
    folded = []
    for same in zip(*rounds, strict=True):
        if any(list(line) != list(same[0]) for line in same):
            raise BadResult(f"its runs tell different things: {json.dumps(same[0])}")
        line = {}
        for key in same[0]:
            values = [other[key] for other in same]
            line[key] = values[0]
            if all(value == values[0] for value in values):
                continue
            if not is_number(values[0]):
                raise BadResult(f'"{key}" differs from run to run: {", ".join(map(str, values))}')
            line[key] = statistics.median_low(values)
            line[f"{key}_min"], line[f"{key}_max"] = min(values), max(values)
        folded.append({**line, "repetitions": len(rounds)})
    return folded


def path_of(folder, bench):
    return pathlib.Path(folder) / f"{bench}.json"


def file_write(folder, result):
    """Writes the file of result["bench"]; the old one stays until the new one is whole."""
    path = path_of(folder, result["bench"])
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    head = {field: result[field] for field in FIELDS}
    lines = ",\n".join("    " + json.dumps(line) for line in result["results"])
    text = json.dumps(head, indent=2).removesuffix("\n}")
    new.write_text(f'{text},\n  "results": [\n{lines}\n  ]\n}}\n', encoding="utf-8")
    new.replace(path)


def file_read(path):
    """One result file, checked: it may come from another machine, or from a hand."""
    try:
        result = json.loads(pathlib.Path(path).read_text(encoding="utf-8"),
                            object_pairs_hook=_object_of_unique_keys, parse_constant=_not_a_number)
        missing = [field for field in (*FIELDS, "results") if field not in result]
        if missing:
            raise BadResult(f"without {', '.join(missing)}")
        for number, line in enumerate(result["results"], 1):
            try:
                line_check(line)
            except BadResult as error:
                raise BadResult(f"result {number}: {error}") from None
    except (json.JSONDecodeError, BadResult) as error:
        raise BadResult(f"{path}: {error}") from None
    return result


def folder_read(folder):
    """All results of a folder by the name of their bench."""
    results = (file_read(path) for path in sorted(pathlib.Path(folder).glob("*.json")))
    return {result["bench"]: result for result in results}
