"""`mlbuild audit` on images of any builder; on specs: audit_spec_test.py."""

import json

from inspect_test import noise, wheel
from layout import Layout, tagged
from support import CliTest, main, run


class Audit(CliTest):
    def setUp(self):
        super().setUp()
        layout = Layout(self.directory / "layout")
        clean = {"app/main.py": "import one\n", **wheel("one", "1.0", noise(20000))}
        bad = {**clean, **wheel("plotly", "5.0", noise(400000)), "root/.cache/pip/http/a": noise(2000000)}
        layout.write_index(tagged(layout.image("amd64", clean), "clean"), tagged(layout.image("amd64", bad), "bad"))
        self.clean, self.bad = f"oci:{layout.directory}:clean", f"oci:{layout.directory}:bad"
        self.store = ("--store", self.directory / "store")

    def test_findings_come_with_the_most_bytes_first(self):
        value = json.loads(self.assert_ok(run("audit", self.bad, *self.store, "--format", "json")).out)
        self.assertEqual([finding["id"] for finding in value["findings"]], ["abandoned-caches", "plotting-tools"])
        caches, plots = value["findings"]
        self.assertEqual(caches["saves"]["plain_bytes"], 2000000)
        self.assertGreater(plots["saves"]["plain_bytes"], 400000)
        self.assertEqual(value["total"]["plain_bytes"], sum(finding["saves"]["plain_bytes"] for finding in value["findings"]))

    def test_the_text_says_bytes_evidence_and_way_out(self):
        text = self.assert_ok(run("audit", self.bad, *self.store)).out
        self.assertIn("2.0 MB plain (files of the image)", text)
        self.assertIn("/root/.cache/pip", text)
        self.assertIn("way out: ", text)
        self.assertIn("together, each byte once", text)

    def test_nothing_to_say_is_said(self):
        self.assertIn("nothing to say", self.assert_ok(run("audit", self.clean, *self.store)).out)

    def test_only_the_named_rules_are_shown(self):
        text = self.assert_ok(run("audit", self.bad, *self.store, "--rule", "plotting-tools")).out
        self.assertIn("plotly", text)
        self.assertNotIn("caches", text)

    def test_a_limit_fails_with_the_code_of_a_gate(self):
        self.assert_fails(run("audit", self.bad, *self.store, "--fail-above", "1MB"), 4, "`--fail-above` allows 1.0 MB")
        self.assert_ok(run("audit", self.bad, *self.store, "--fail-above", "10MB"))
        self.assert_ok(run("audit", self.clean, *self.store, "--fail-above", "0"))

    def test_with_a_limit_stdout_is_one_document(self):
        done = run("audit", self.bad, *self.store, "--fail-above", "1MB", "--format", "json")
        self.assertEqual(done.returncode, 4, done.err)
        self.assertTrue(json.loads(done.out)["findings"])

    def test_mistakes_get_a_way_out(self):
        self.assert_fails(run("audit", self.bad, *self.store, "--rule", "plotting-tool"), 2, "no rule `plotting-tool`")
        self.assert_fails(run("audit", self.bad, *self.store, "--apply"), 2, "this is an image")


if __name__ == "__main__":
    raise SystemExit(main())
