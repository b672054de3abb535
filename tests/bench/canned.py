# SPDX-License-Identifier: Apache-2.0
"""What the tests of the bench tools share: where the tools are, and results made up for them."""

import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
TREE = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(TREE / "bench/report"), str(TREE / "bench/growth")]

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


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
