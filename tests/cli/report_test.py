"""The page of `mlbuild report`, in a browser: it needs nothing else, can be walked by keyboard, and fits a phone. With
MLBUILD_SCREENSHOTS=DIR the test leaves pictures there, to be looked at."""

import json
import os
import pathlib

from browser import PROGRAM, Browser
from inspect_test import noise, wheel
from layout import Layout, tagged
from support import CliTest, main, run

HOSTILE = "srv/</script><img src=x onerror=document.title='hacked'>"
CONTRAST = """(() => {
  const light = text => { const c = text.match(/[0-9.]+/g).slice(0, 3).map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2]; };
  const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const of = (text, ground) => ratio(light(getComputedStyle(text).color), light(getComputedStyle(ground).backgroundColor));
  return Math.min(...[...document.querySelectorAll('.cell')].map(cell => of(cell, cell)), of(document.querySelector('h1'), document.body),
    of(document.querySelector('.note') || document.querySelector('#identity'), document.body));
})()"""


# Tables of which one row shows another number of cells than the head.
UNEVEN = """(() => {
  const shown = row => [...row.children].filter(cell => getComputedStyle(cell).display !== "none").length;
  return [...document.querySelectorAll("table")].filter(table => {
    const [head, ...rows] = [...table.querySelectorAll("tr")].map(shown);
    return rows.some(count => count !== head);
  }).map(table => table.textContent.slice(0, 60));
})()"""


class Report(CliTest):
    @classmethod
    def setUpClass(cls):
        assert PROGRAM, "there is no chromium: ./test.sh installs it"

    def setUp(self):
        super().setUp()
        layout = Layout(self.directory / "layout")
        base = {"usr/lib/libone.so": noise(30000), "var/lib/dpkg/status": "Package: libone\nStatus: install ok installed\nVersion: 1-1\n\n",
                "var/lib/dpkg/info/libone.list": "/.\n/usr/lib/libone.so\n", "root/.cache/pip/http/a": noise(1_200_000)}
        old = layout.image("amd64", base, wheel("one", "1.0", noise(20000)))
        app = {f"app/data/{i:03}.json": noise(5000 + 10 * i) for i in range(40)}
        new = layout.image("amd64", base, wheel("one", "1.1", noise(90000)), {"root/.cache/.wh.pip": "", "app/main.py": "import one\n", **app, HOSTILE: noise(60000)},
                           config={"Cmd": ["python", "main.py"]})
        plain = layout.image("amd64", wheel("one", "1.0", noise(20000)))
        layout.write_index(tagged(old, "old"), tagged(new, "new"), tagged(plain, "plain"))
        self.page = self.directory / "page.html"
        self.store = ("--store", self.directory / "store")
        self.old, self.new, self.plain = (f"oci:{layout.directory}:{tag}" for tag in ("old", "new", "plain"))
        self.assert_ok(run("report", self.new, "--compare", self.old, "-o", self.page, *self.store))

    def look(self, browser, name):
        directory = os.environ.get("MLBUILD_SCREENSHOTS")
        if directory:
            browser.screenshot(pathlib.Path(directory) / f"report-{name}.png")

    def test_it_needs_no_network_and_runs_nothing_of_the_image(self):
        with Browser() as browser:
            browser.open(self.page)
            self.assertEqual(browser.requests, [f"file://{self.page}"])
            self.assertEqual(browser.complaints, [])
            self.assertIn("image report", browser.run("document.title"))
            self.assertEqual(browser.run("document.querySelectorAll('img').length"), 0)
            self.assertIn(HOSTILE, browser.run("document.querySelector('#files').textContent"))
            # What the policy forbids is not run even if it got into the page.
            browser.run("document.body.insertAdjacentHTML('beforeend', '<img src=\"https://example.invalid/x.png\" onerror=\"document.title=1\">')")
            browser.run("new Promise(done => setTimeout(done, 200))")
            self.assertTrue(any("Content Security Policy" in text for text in browser.complaints), browser.complaints)

    def test_the_map_is_walked_by_keyboard(self):
        crumbs = "[...document.querySelectorAll('.crumbs li')].map(item => item.textContent)"
        focused = "document.activeElement.dataset.title"
        with Browser() as browser:
            browser.open(self.page)
            self.assertEqual(browser.run(crumbs), ["whole image"])
            browser.run("document.querySelector('.cell').focus()")
            self.assertEqual(browser.run(focused), "one 1.1")
            browser.press("ArrowRight")
            self.assertEqual(browser.run(focused), "files of no package")
            browser.press("Enter")
            self.assertEqual(browser.run(crumbs)[1:], ["files of no package"])
            browser.run("[...document.querySelectorAll('.cell')].find(cell => cell.dataset.title.startsWith('app/')).focus()")
            browser.press("Enter")
            self.assertEqual(browser.run(crumbs)[1:], ["files of no package", "app/"])
            self.assertIn("data/", browser.run("[...document.querySelectorAll('.cell')].map(cell => cell.dataset.title)"))
            browser.press("Escape")
            self.assertEqual(browser.run(focused), "app/", "where one came from")
            browser.press("Escape")
            self.assertEqual(browser.run(crumbs), ["whole image"])
            self.assertEqual(browser.run(focused), "files of no package")

    def test_areas_are_in_proportion_and_every_grouping_has_all_bytes(self):
        area = "[...document.querySelectorAll('.cell')].reduce((sum, cell) => sum + cell.offsetWidth * cell.offsetHeight, 0)"
        with Browser() as browser:
            browser.open(self.page)
            whole = browser.run("document.querySelector('.treemap').clientWidth * document.querySelector('.treemap').clientHeight")
            sizes = set()
            for by in ("package", "directory"):
                browser.run(f"document.querySelector('[data-value={by}]').click()")
                self.assertAlmostEqual(browser.run(area) / whole, 1, delta=0.02)
                sizes.add(browser.run("tree.size"))
            self.assertEqual(len(sizes), 1)
            browser.run("document.querySelector('[data-value=layer]').click()")
            layers = browser.run("data.layers.map(layer => layer.compressed).reduce((a, b) => a + b)")
            self.assertAlmostEqual(browser.run("tree.size"), layers, delta=200, msg="with what is hidden, all but directories and whiteouts")

    def test_tables_sort_and_filter(self):
        rows = "[...document.querySelectorAll('#files tbody tr')].map(row => row.cells[0].textContent)"
        with Browser() as browser:
            browser.open(self.page)
            browser.run("(() => { const box = document.querySelector('#files input'); box.value = 'APP/DATA 03'; box.dispatchEvent(new Event('input')); })()")
            self.assertEqual(sorted(browser.run(rows)), [f"/app/data/{i:03}.json" for i in [3, *range(30, 40)]])
            self.assertEqual(browser.run("document.querySelector('#files .count').textContent"), "11 of 48")
            for expected in ("/app/data/003.json", "/app/data/039.json"):
                browser.run("document.querySelector('#files th button').click()")
                self.assertEqual(browser.run(rows)[0], expected)
            self.assertEqual(browser.run("document.querySelector('#files th').getAttribute('aria-sort')"), "descending")

    def test_waste_and_comparison_are_told(self):
        with Browser() as browser:
            browser.open(self.page)
            waste = browser.run("document.querySelector('#waste').textContent")
            self.assertIn("/root/.cache/pip/http/a", waste)
            self.assertIn("deleted by 3", waste)
            compare = browser.run("document.querySelector('#compare').textContent")
            self.assertIn("1.0 \u2192 1.1", compare)
            self.assertIn("/hello", compare)

    def test_findings_have_bytes_evidence_and_a_way_out(self):
        with Browser() as browser:
            browser.open(self.page)
            self.assertFalse(browser.run("document.querySelector('#findings').hidden"))
            part = "document.querySelector('#findings .finding %s').textContent"
            self.assertRegex(browser.run(part % "h3"), r"^bytes that layers above delete or replace, saves [0-9.]+\skB compressed, 1\.2\sMB plain$")
            self.assertRegex(browser.run(part % "li"), r"^layer 1 +1\.2 MB, 1 file")
            self.assertIn("the layer that wrote", browser.run(part % ".way"))
            self.assertIn("hidden-bytes", browser.run(part % ".count"))
            audited = json.loads(self.assert_ok(run("audit", self.new, "--format", "json", *self.store)).out)
            self.assertEqual(browser.run("data.findings"), audited["findings"])
            self.assert_ok(run("report", self.plain, "-o", self.page, *self.store))
            browser.open(self.page)
            self.assertTrue(browser.run("document.querySelector('#findings').hidden"), "nothing found, nothing shown")

    def test_it_is_legible_on_a_desk_and_a_phone_by_day_and_night(self):
        grounds = set()
        for width, height in ((1280, 900), (390, 844)):
            for dark in (False, True):
                with Browser(width, height, dark) as browser:
                    browser.open(self.page)
                    name = f"{width}-{'dark' if dark else 'light'}"
                    self.look(browser, name)
                    self.assertLessEqual(browser.run("document.documentElement.scrollWidth"), width, name)
                    self.assertGreaterEqual(browser.run(CONTRAST), 4.5, name)
                    self.assertGreater(browser.run("document.querySelectorAll('.cell').length"), 2)
                    self.assertEqual(browser.run(UNEVEN), [], f"{name}: each column has its head")
                    grounds.add(browser.run("getComputedStyle(document.body).backgroundColor"))
        self.assertEqual(len(grounds), 2)

    def test_json_and_stdout(self):
        value = json.loads(self.assert_ok(run("report", self.new, *self.store, "--format", "json")).out)
        self.assertEqual(value["compare"], None)
        self.assertEqual(sum(value["leaves"]["count"]), value["image"]["files"])
        self.assertTrue(self.assert_ok(run("report", self.new, "-o", "-", *self.store)).out.startswith("<!doctype html>"))


if __name__ == "__main__":
    raise SystemExit(main())
