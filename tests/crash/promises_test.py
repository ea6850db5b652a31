"""docs/reliability.md names tests that exist."""

import pathlib
import re
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
PAGE = TESTS.parent / "docs/reliability.md"


class Promises(unittest.TestCase):
    def test_each_named_test_exists(self):
        cpp = {f"{suite}.{name}" for path in TESTS.rglob("*_test.cpp")
               for suite, name in re.findall(r"TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", path.read_text())}
        python = {f"{path.name}: {name}" for path in TESTS.rglob("*_test.py") for name in re.findall(r"def (test_\w+)", path.read_text())}
        named = set(re.findall(r"`(\w+\.[A-Z]\w+|\w+\.py: test_\w+)`", PAGE.read_text()))
        self.assertGreater(len(named), 50)
        self.assertEqual(sorted(named - cpp - python), [])


if __name__ == "__main__":
    unittest.main()
