"""`mlbuild audit` on specs: by their locks, with the application's imports, and what `--apply` writes."""

import json

from support import SHARED_STORE, CliTest, main, run

SPEC = """version: 1
name: bad
requirements:
  runtime: requirements.txt
app:
  - {from: app, to: /app}
config:
  cmd: [python, -m, app.main]
"""
REQUIREMENTS = """# what the step needs
tomli==2.0.1     # to read settings
idna>=3          # names

# somebody's taste
pytest==8.3.2    # for me
"""


class AuditSpec(CliTest):
    def setUp(self):
        super().setUp()
        self.spec = self.write_spec(SPEC, requirements__txt=REQUIREMENTS)
        (self.directory / "app").mkdir()
        (self.directory / "app/main.py").write_text("def main():\n    import tomli\n")
        (self.directory / "app/broken.py").write_text("print 'two'\n")
        self.build(self.spec, "-o", f"oci:{self.directory}/out")  # the store then has the wheels

    def audit(self, *args):
        return self.assert_ok(run("audit", self.spec, "--store", SHARED_STORE, *args))

    def test_rules_see_the_lock_and_the_imports(self):
        findings = {finding["id"]: finding for finding in json.loads(self.audit("--format", "json").out)["findings"]}
        self.assertEqual(findings["unpinned"]["at"], {"file": str(self.directory / "requirements.txt"), "line": 3, "column": 1})
        self.assertIn("idna", findings["unused-requirement"]["title"])
        lock = {wheel["name"]: wheel for wheel in json.loads((self.directory / "mlbuild.lock").read_text())["images"][0]["wheels"]}
        gone = {"pytest", "iniconfig", "pluggy", "packaging"}
        self.assertEqual(findings["test-tools"]["saves"]["compressed_bytes"], sum(lock[name]["size"] for name in gone))

    def test_page_and_budget_tell_them(self):
        audited = json.loads(self.audit("--format", "json").out)["findings"]
        page = json.loads(self.assert_ok(run("report", self.spec, "--store", SHARED_STORE, "--format", "json")).out)
        self.assertEqual(page["findings"][:len(audited)], audited, "with places and patches")
        self.spec.write_text(SPEC + "budget: {compressed: 1MB}\n")
        summary = self.directory / "summary.md"
        refused = run("build", self.spec, "--store", SHARED_STORE, "--summary", summary)
        self.assert_fails(refused, 4, "its budget of 1.0 MB", "`mlbuild audit` knows ways back: ", "(`test-tools`, saves ")
        self.assertIn("test\\-tools", summary.read_text())

    def test_apply_changes_only_the_lines_concerned(self):
        version = next(wheel["version"] for wheel in json.loads((self.directory / "mlbuild.lock").read_text())["images"][0]["wheels"]
                       if wheel["name"] == "idna")
        shown = self.audit("--apply").out
        self.assertIn("-pytest==8.3.2    # for me", shown)
        expected = REQUIREMENTS.replace("idna>=3 ", f"idna=={version} ").replace("pytest==8.3.2    # for me\n", "")
        self.assertEqual((self.directory / "requirements.txt").read_text(), expected)
        self.assertEqual(self.spec.read_text(), SPEC)
        self.build(self.spec, "-o", f"oci:{self.directory}/out")
        self.assertNotIn("test-tools", self.audit().out)

    def test_apply_leaves_lists_over_several_lines_whole(self):
        several = "  runtime: [tomli==2.0.1,\n            pytest==8.3.2, idna==3.10]\n"
        self.spec.write_text(SPEC.replace("  runtime: requirements.txt\n", several))
        self.audit("--apply")
        self.assertEqual(self.spec.read_text(), SPEC.replace("  runtime: requirements.txt\n", several.replace("pytest==8.3.2, ", "")))
        self.audit()

    def test_what_could_not_be_read_again_is_not_written(self):
        commas_first = "  runtime: [ pytest==8.3.2\n           , tomli==2.0.1 ]\n"
        self.spec.write_text(SPEC.replace("  runtime: requirements.txt\n", commas_first))
        before = self.spec.read_text()
        refused = run("audit", self.spec, "--store", SHARED_STORE, "--apply", "--rule", "test-tools")
        self.assert_fails(refused, 2, "nothing was changed", "one item a line")
        self.assertEqual((refused.out, self.spec.read_text()), ("", before))

    def test_apply_and_json_exclude_each_other(self):
        refused = run("audit", self.spec, "--store", SHARED_STORE, "--apply", "--format", "json")
        self.assert_fails(refused, 2, "`--apply` prints the difference", "`patch`")
        self.assertEqual((self.directory / "requirements.txt").read_text(), REQUIREMENTS)

    def test_a_note_is_applied_when_it_is_named(self):
        self.assertIn("-idna>=3", self.audit("--apply", "--rule", "unused-requirement").out)
        self.assertNotIn("idna", (self.directory / "requirements.txt").read_text())


if __name__ == "__main__":
    raise SystemExit(main())
