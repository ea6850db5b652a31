"""Compares mlbuild's reading of ELF files with that of GNU readelf, over the files and directories that are given, or
the shared libraries of this machine. The environment's ELF_DUMP names the program that prints ours."""

import json
import os
import pathlib
import re
import subprocess
import sys

MOST_FILES = 400


def elf_files(places):
    for place in map(pathlib.Path, places):
        for path in [place] if place.is_file() else sorted(place.rglob("*")):
            if path.is_file() and not path.is_symlink() and open(path, "rb").read(4) == b"\x7fELF":
                yield path


def words(tag, text):
    return re.findall(rf"\({tag}\)\s+[^[]*\[(.*)\]", text)


def versions(text):
    """Version needs as (file, version, weak), and definitions without the base one."""
    needs, defined, file = [], [], None
    for line in text.splitlines():
        if match := re.search(r"Version: 1  File: (\S+)  Cnt:", line):
            file = match[1]
        elif match := re.search(r"  Name: (\S+)  Flags: (.*?)  Version: \d+", line):
            needs.append([file, match[1], "WEAK" in match[2]])
        elif match := re.search(r"Rev: 1  Flags: (.*?)\s+Index: \d+  Cnt: \d+  Name: (\S+)", line):
            if "BASE" not in match[1]:
                defined.append(match[2])
    return needs, defined


def readelf(path):
    text = subprocess.run(["readelf", "-dVlhW", path], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}).stdout
    if not re.search(r"Type:\s+(EXEC|DYN) ", text):
        return None
    needs, defined = versions(text)
    interpreter = re.findall(r"Requesting program interpreter: (.*)\]", text)
    one = lambda tag: (words(tag, text) or [""])[-1]
    return {"bits": 64 if "Class:                             ELF64" in text else 32, "interpreter": (interpreter or [""])[0],
            "soname": one("SONAME"), "needed": words("NEEDED", text), "rpath": one("RPATH"), "runpath": one("RUNPATH"), "needs": needs,
            "versions": defined}


def main():
    files = list(elf_files(sys.argv[1:] or ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"]))
    if not sys.argv[1:]:
        files = files[::max(1, len(files) // MOST_FILES)]
    out = subprocess.run([os.environ["ELF_DUMP"], *files], capture_output=True, text=True, check=True).stdout
    different = 0
    for path, line in zip(files, out.splitlines(), strict=True):
        ours, theirs = json.loads(line), readelf(path)
        if ours and not "error" in ours:
            ours = {name: ours[name] for name in (theirs or ours)}
        if ours != theirs:
            different += 1
            print(f"{path}\n  ours   {ours}\n  theirs {theirs}")
    print(f"{len(files)} files, {different} read differently")
    return 1 if different or not files else 0


if __name__ == "__main__":
    raise SystemExit(main())
