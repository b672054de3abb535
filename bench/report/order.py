# SPDX-License-Identifier: Apache-2.0
"""How a figure goes with its size: the orders that are expected, and the one that was measured."""

import math

ORDERS = {
    "flat": lambda n: 1.0,
    "log": lambda n: math.log2(n),
    "linear": lambda n: float(n),
}


def exponent(points):
    """The slope of log y over log x, by least squares: 0 is flat, 1 linear, 2 a square."""
    logs = [(math.log(x), math.log(y)) for x, y in points]
    mean_x = sum(x for x, _ in logs) / len(logs)
    mean_y = sum(y for _, y in logs) / len(logs)
    spread = sum((x - mean_x) ** 2 for x, _ in logs)
    return sum((x - mean_x) * (y - mean_y) for x, y in logs) / spread


def exponent_expected(order, sizes):
    """The same of points that go just as the order says."""
    return exponent([(size, ORDERS[order](size)) for size in sizes])
