"""canonical_pyc_test.py CANONICAL_PYCS: what canonical form promises, asked of this interpreter, on its standard library.

Whatever was imported before, in whatever order and with whatever hash seed, the bytes are the same; and the interpreter loads
from them the code that it compiled."""

import marshal
import os
import pathlib
import subprocess
import sys
import sysconfig
import types
import unittest

PROGRAM = sys.argv[1]
VERSION = "%d.%d" % sys.version_info[:2]
LIBRARY = pathlib.Path(sysconfig.get_paths()["stdlib"])
SOURCES = sorted(path for path in LIBRARY.rglob("*.py") if not {"site-packages", "dist-packages", "lib2to3", "test", "tests"} & set(path.parts))[::2]
NAMES = [name for name in dir(types.CodeType) if name.startswith("co_") and name not in ("co_lines", "co_positions", "co_lnotab", "co_branches")]

COMPILE = r"""
import sys
for name in sys.argv[1].split():
    try:
        __import__(name)
    except ImportError:
        pass
kept = [sys.intern(chr(i)) for i in range(256)] if sys.argv[3] else []  # as names of attributes, columns or keys may be
import _imp, _frozen_importlib_external as external
paths = sys.stdin.buffer.read().decode().split("\n")
for path in reversed(paths) if sys.argv[2] else paths:
    with open(path, "rb") as file:
        source = file.read()
    code = compile(source, path, "exec", dont_inherit=True, optimize=0)
    pyc = external._code_to_hash_pyc(code, _imp.source_hash(external._RAW_MAGIC_NUMBER, source), False)
    sys.stdout.buffer.write(len(pyc).to_bytes(4, "little") + pyc)
"""


def records(data):
    found, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at:at + 4], "little")
        found.append(data[at + 4:at + 4 + size])
        at += 4 + size
    return found


def compiled(modules="", backwards=False, seed="0", interned=False, options=("-S",)):
    """What the interpreter writes for each source, and its canonical form."""
    done = subprocess.run([sys.executable, *options, "-W", "ignore", "-c", COMPILE, modules, "1" if backwards else "", "1" if interned else ""],
                          input="\n".join(map(str, SOURCES)).encode(), stdout=subprocess.PIPE, check=True,
                          env=dict(os.environ, PYTHONHASHSEED=seed))
    canonical = subprocess.run([PROGRAM, VERSION], input=done.stdout, stdout=subprocess.PIPE, check=True)
    both = records(done.stdout), records(canonical.stdout)
    return [list(reversed(each)) if backwards else each for each in both]


def same(a, b):
    if type(a) is not type(b):
        return False
    if isinstance(a, types.CodeType):
        return all(same(getattr(a, name), getattr(b, name)) for name in NAMES) and \
            (not hasattr(a, "co_positions") or list(a.co_positions()) == list(b.co_positions()))
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, frozenset):
        return a == b and sorted(map(repr, a)) == sorted(map(repr, b))
    return repr(a) == repr(b)  # of floats, 0.0 is not -0.0 and nan is nan


class CanonicalPyc(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.written, cls.canonical = compiled()

    def test_the_interpreter_loads_the_code_that_it_compiled(self):
        self.assertGreater(len(SOURCES), 100)
        self.assertEqual({len(SOURCES)}, {len(self.written), len(self.canonical)})
        for path, written, canonical in zip(SOURCES, self.written, self.canonical):
            self.assertEqual(written[:16], canonical[:16])
            self.assertTrue(same(marshal.loads(written[16:]), marshal.loads(canonical[16:])), path)

    def test_it_does_not_depend_on_what_the_interpreter_did_before(self):
        histories = [("json unittest.mock xml.dom.minidom email.mime.text asyncio decimal typing", False, "1", False, ("-S",)),
                     ("ctypes tkinter sqlite3 http.server dataclasses concurrent.futures", True, "7", True, ()),
                     ("numpy pandas", True, "random", False, ())]
        differs = 0
        for modules, *history in histories:
            written, canonical = compiled(modules, *history)
            differs += sum(map(bytes.__ne__, written, self.written))
            for path, ours, theirs in zip(SOURCES, canonical, self.canonical):
                self.assertEqual(ours, theirs, f"{path} after {modules}")
        self.assertGreater(differs, 0)  # else this test would show nothing
        print(f"{len(SOURCES)} sources, {differs} times the interpreter wrote other bytes")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
