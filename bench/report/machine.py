# SPDX-License-Identifier: Apache-2.0
"""What figures depend on: the machine, the compiler and its flags, the versions of what takes part.

Nothing here names the host or its user: result files are made to be shown.
"""

import json
import os
import pathlib
import platform
import re
import shlex
import subprocess

# Libraries by the name that pkg-config knows.
LIBRARIES = {
    "dpdk": "libdpdk", "osip2": "libosip2", "hiredis": "hiredis", "openssl": "openssl",
    "c-ares": "libcares", "jemalloc": "jemalloc", "sofia-sip": "sofia-sip-ua", "libre": "libre",
}

# Programs by what they answer; the first thing like a version is taken.
PROGRAMS = {
    "redis": ("redis-server", "--version"), "kamailio": ("kamailio", "-v"), "sipp": ("sipp", "-v"),
    "valgrind": ("valgrind", "--version"),
}

# The source whose command line stands for the flags of all.
FLAGS_OF = "sip/msg.c"


def output_of(*command):
    """What a command prints, or nothing if it isn't there or fails."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def _first(pattern, text):
    found = re.search(pattern, text, re.MULTILINE)
    return found.group(1).strip() if found else ""


def machine():
    """The machine as a flat table of texts and numbers."""
    lscpu = output_of("env", "LC_ALL=C", "lscpu")
    cpuinfo = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    meminfo = pathlib.Path("/proc/meminfo").read_text(encoding="utf-8")
    release = pathlib.Path("/etc/os-release").read_text(encoding="utf-8")
    mhz = _first(r"^cpu MHz\s*: ([0-9.]+)", cpuinfo)
    caches = {level: _first(rf"^{level} cache: +(.*?)(?: \(|$)", lscpu)
              for level in ("L1d", "L1i", "L2", "L3")}
    return {
        "cpu": _first(r"^model name\s*: (.*)", cpuinfo) or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "mhz": round(float(mhz)) if mhz else 0,
        "caches": ", ".join(f"{level} {size}" for level, size in caches.items() if size),
        "hypervisor": _first(r"^Hypervisor vendor: +(.*)", lscpu) or "none",
        "memory_mb": int(_first(r"^MemTotal: +(\d+)", meminfo)) // 1024,
        "system": _first(r'^PRETTY_NAME="(.*)"', release),
        "kernel": platform.release(),
    }


def versions():
    """The versions of libraries and programs that are there."""
    found = {name: output_of("pkg-config", "--silence-errors", "--modversion", package)
             for name, package in LIBRARIES.items()}
    for name, command in PROGRAMS.items():
        found[name] = _first(r"(\d+\.\d+(?:\.\d+)*)", output_of(*command))
    return {name: version for name, version in found.items() if version}


def compiler(build):
    """(compiler and its version, flags without folders) that the build directory was made with."""
    for unit in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        if not unit["file"].endswith(FLAGS_OF):
            continue
        # A compiler cache may stand in front.
        words = [word for word in shlex.split(unit["command"])
                 if os.path.basename(word) not in ("ccache", "sccache")]
        flags = [word for word in words[1:]
                 if re.match(r"-(?!I|isystem|M|o$|c$|fdiagnostics)", word) and "VERSION" not in word]
        return output_of(words[0], "--version").split("\n")[0], " ".join(flags)
    return "", ""


def commit(tree):
    """The commit of the tree, marked if the tree differs from it."""
    return output_of("git", "-C", str(tree), "describe", "--always", "--dirty", "--abbrev=12")
