# SPDX-License-Identifier: Apache-2.0
"""Result lines as tables: for a terminal, and as Markdown.

Lines with the same keys make one table. A figure stands with its spread in one cell; what is the same in all lines of a
table (the repetitions, mostly) is said once, above it.
"""

from result import is_number

SPREAD = ("_min", "_max")


def figure_text(value):
    """A figure with what of it can be believed: three or four digits."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not is_number(value):
        return value
    if isinstance(value, int) or abs(value) >= 100:
        return f"{value:,.0f}"
    if value == 0:
        return "0"
    return f"{value:.{1 if abs(value) >= 10 else 2 if abs(value) >= 0.1 else 4}f}"


def _is_spread(key, line):
    return key.endswith(SPREAD) and key[:-4] in line


def cell(line, key):
    """A figure with its smallest and largest."""
    text = figure_text(line[key])
    if f"{key}_min" in line and f"{key}_max" in line:
        text += f" ({figure_text(line[f'{key}_min'])} .. {figure_text(line[f'{key}_max'])})"
    return text


def groups(lines):
    """The lines by their keys, in the order in which these first appear."""
    found = {}
    for line in lines:
        found.setdefault(tuple(line), []).append(line)
    return list(found.values())


def header(key):
    return key.replace("_", " ")


def rows_of(lines, columns=None):
    """(said once, titles, rows) of lines with the same keys; columns chooses and orders them."""
    keys = [key for key in lines[0] if not _is_spread(key, lines[0])]
    once = {}
    if "repetitions" in keys and len({line["repetitions"] for line in lines}) == 1:
        once["repetitions"] = lines[0]["repetitions"]
        keys.remove("repetitions")
    keys = [key for key in columns if key in keys] if columns else keys
    rows = [[cell(line, key) for key in keys] for line in lines]
    numeric = [is_number(lines[0][key]) for key in keys]
    return once, [header(key) for key in keys], rows, numeric


def text_tables(lines):
    """All lines as tables for a terminal."""
    parts = []
    for group in groups(lines):
        once, titles, rows, numeric = rows_of(group)
        widths = [max(map(len, column)) for column in zip(titles, *rows)]
        parts += [f"{header(key)}: {figure_text(value)}" for key, value in once.items()]
        for row in (titles, *rows):
            cells = (text.rjust(width) if right else text.ljust(width)
                     for text, width, right in zip(row, widths, numeric))
            parts.append("  ".join(cells).rstrip())
        parts.append("")
    return "\n".join(parts)


def markdown_table(lines, columns=None):
    """Lines with the same keys as one Markdown table."""
    _, titles, rows, numeric = rows_of(lines, columns)
    ruler = [" ---: " if right else " --- " for right in numeric]
    out = ["| " + " | ".join(titles) + " |", "|" + "|".join(ruler) + "|"]
    return "\n".join(out + ["| " + " | ".join(row) + " |" for row in rows])
