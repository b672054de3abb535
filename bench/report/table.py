# SPDX-License-Identifier: Apache-2.0
"""Result lines as tables: for a terminal, and as Markdown.

Lines about the same thing make one table. A figure stands with its spread in one cell; the repetitions, where they are
the same in all lines, are said once, above it.
"""

from result import is_number

SPREAD = ("_min", "_max")
NOTHING = "-"


def figure_text(value):
    """A figure with what of it can be believed: three or four digits."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return NOTHING
    if not is_number(value):
        return value
    if isinstance(value, int) or abs(value) >= 100:
        return f"{value:,.0f}"
    if value == 0:
        return "0"
    return f"{value:.{1 if abs(value) >= 10 else 2 if abs(value) >= 0.1 else 4}f}"


def cell(line, key):
    """A figure with its smallest and largest, if these differ."""
    if key not in line:
        return NOTHING
    text, least, most = (figure_text(line.get(name)) for name in (key, f"{key}_min", f"{key}_max"))
    if f"{key}_min" in line and f"{key}_max" in line and not text == least == most:
        text += f" ({least} .. {most})"
    return text


def _subject(line):
    """What tells lines of one table from those of another: the keys of their words, and the first number's."""
    words = tuple(key for key, value in line.items() if isinstance(value, str))
    return words, next((key for key, value in line.items() if is_number(value)), "")


def groups(lines):
    """The lines by their subject, in the order in which these first appear."""
    found = {}
    for line in lines:
        found.setdefault(_subject(line), []).append(line)
    return list(found.values())


def header(key):
    return key.replace("_", " ")


def repetitions_of(lines):
    """How often all lines were measured, or 0 if they differ or don't say."""
    counts = {line.get("repetitions", 0) for line in lines}
    return counts.pop() if len(counts) == 1 else 0


def rows_of(lines, columns=None):
    """(titles, rows, which columns are numbers) of lines; columns chooses and orders the keys."""
    if not columns:
        # "bench" is the table's own name.
        left_out = {"bench", "repetitions"} if repetitions_of(lines) else {"bench"}
        columns = [key for key in dict.fromkeys(key for line in lines for key in line)
                   if key not in left_out and not (key.endswith(SPREAD) and any(key[:-4] in line for line in lines))]
    rows = [[cell(line, key) for key in columns] for line in lines]
    numeric = [any(is_number(line.get(key)) for line in lines) for key in columns]
    return [header(key) for key in columns], rows, numeric


def text_tables(lines):
    """All lines as tables for a terminal."""
    parts = []
    for group in groups(lines):
        titles, rows, numeric = rows_of(group)
        widths = [max(map(len, column)) for column in zip(titles, *rows)]
        if repetitions_of(group) > 1:
            parts.append(f"median (smallest .. largest) of {repetitions_of(group)} repetitions")
        for row in (titles, *rows):
            cells = (text.rjust(width) if right else text.ljust(width)
                     for text, width, right in zip(row, widths, numeric))
            parts.append("  ".join(cells).rstrip())
        parts.append("")
    return "\n".join(parts)


def _markdown(titles, rows, numeric):
    ruler = [" ---: " if right else " --- " for right in numeric]
    out = ["| " + " | ".join(titles) + " |", "|" + "|".join(ruler) + "|"]
    return "\n".join(out + ["| " + " | ".join(row) + " |" for row in rows])


def markdown_table(lines, columns=None):
    """Lines as one Markdown table."""
    return _markdown(*rows_of(lines, columns))


def markdown_pivot(lines, row_key, column_key, figure):
    """One figure by two keys, without spread: where many lines differ in just those two."""
    columns = list(dict.fromkeys(line[column_key] for line in lines))
    cells = {(line[row_key], line[column_key]): figure_text(line.get(figure)) for line in lines}
    rows = [[figure_text(row)] + [cells.get((row, column), NOTHING) for column in columns]
            for row in dict.fromkeys(line[row_key] for line in lines)]
    return _markdown([header(row_key), *map(str, columns)], rows, [False] + [True] * len(columns))
