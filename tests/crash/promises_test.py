"""docs/reliability.md names tests that exist, and as many hostile cases as there are."""

import pathlib
import re
import unittest
from collections import Counter

TESTS = pathlib.Path(__file__).resolve().parents[1]
PAGE = TESTS.parent / "docs/reliability.md"


def hostile_cases():
    """How many rows the tables of each suite have (tests/support/hostile.hpp)."""
    cases = Counter()
    for path in TESTS.rglob("hostile_*_test.cpp"):
        text = path.read_text()
        rows = {name: re.findall(r'^    \{"([A-Z]\w*)",', table, re.M)
                for name, table in re.findall(r"Case (k\w+)\[\] = \{\n(.*?)\n\};", text, re.S)}
        for suite, table in re.findall(r"INSTANTIATE_TEST_SUITE_P\(\w+, (\w+), ::testing::ValuesIn\((\w+)\)", text):
            cases[suite] += len(rows[table])
    return cases


class Promises(unittest.TestCase):
    def test_each_named_test_exists(self):
        cpp = {f"{suite}.{name}" for path in TESTS.rglob("*_test.cpp")
               for suite, name in re.findall(r"TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", path.read_text())}
        python = {f"{path.name}: {name}" for path in TESTS.rglob("*_test.py") for name in re.findall(r"def (test_\w+)", path.read_text())}
        named = set(re.findall(r"`(\w+\.[A-Z]\w+|\w+\.py: test_\w+)`", PAGE.read_text()))
        self.assertGreater(len(named), 50)
        self.assertEqual(sorted(named - cpp - python), [])

    def test_hostile_cases_are_as_many_as_it_says(self):
        page, cases = PAGE.read_text(), hostile_cases()
        rows = re.findall(r"^\| [^|]+ \| `(Hostile\w+)\.\w+` \| (\d+) \|$", page, re.M)
        self.assertEqual({suite: int(count) for suite, count in rows}, dict(cases))
        self.assertEqual(re.findall(r"^(\d+) cases by name", page, re.M), [str(sum(cases.values()))])
        self.assertGreater(sum(cases.values()), 150)


if __name__ == "__main__":
    unittest.main()
