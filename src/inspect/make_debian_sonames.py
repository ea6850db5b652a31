#!/usr/bin/env python3
"""Writes debian_sonames_table.cpp: which Debian package has which shared library.

    make_debian_sonames.py Contents-amd64.gz Packages

from the archive's indexes of one suite (Packages as plain text). Names are taken from the directories that the loader
searches; a package that few others depend on is left out, as are development packages, whose links are a trap."""
import collections
import gzip
import pathlib
import re
import sys

LEAST_USERS = 10 # packages of the archive that depend on it
MOST_NAMES = 60  # one package with hundreds (vtk) would be most of the table
LINE = re.compile(r"(?:usr/)?lib/(?:x86_64-linux-gnu/)?([^/\s]+\.so\.[^/\s]+)\s+(\S+)\s*$")
NAME = re.compile(r"[a-z0-9][a-z0-9.+-]+(?=[ ,(|:]|$)")


def owners(contents):
    found = collections.defaultdict(set)
    for line in gzip.open(contents, "rt", errors="replace"):
        if match := LINE.match(line):
            for package in match[2].split(","):
                name = package.rsplit("/", 1)[-1]
                if not re.search(r"-(dev|dbg|i386|x32|dbgsym)$", name):
                    found[match[1]].add(name)
    return found


def users(packages):
    count = collections.Counter()
    for line in open(packages, errors="replace"):
        if line.startswith(("Depends:", "Pre-Depends:")):
            count.update(set(NAME.findall(line.split(":", 1)[1])))
    return count


def main():
    found, count = owners(sys.argv[1]), users(sys.argv[2])
    table = collections.defaultdict(list)
    for library, names in found.items():
        short = re.sub(r"(\.so\.\d+).*", r"\1", library)
        if short == library or short not in found:  # else it is the file behind the name
            table[max(names, key=lambda name: (count[name], name))].append(library)
    rows = [" ".join([name, *sorted(libraries)]) for name, libraries in sorted(table.items())
            if count[name] >= LEAST_USERS and len(libraries) <= MOST_NAMES]
    text = "// Made by make_debian_sonames.py from the indexes of Debian bookworm.\n#include \"debian_sonames_table.hpp\"\n\n"
    text += "// clang-format off\nnamespace mlbuild {\n\nstd::vector<std::string_view> debian_sonames_rows() {\n  return {\n"
    text += "".join(f"      \"{row}\",\n" for row in rows) + "  };\n}\n\n}  // namespace mlbuild\n"
    (pathlib.Path(__file__).parent / "debian_sonames_table.cpp").write_text(text)


main()
