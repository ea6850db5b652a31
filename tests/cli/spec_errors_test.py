"""Bad specs: each mistake is told with its place and a way out, nothing is written, nothing is fetched."""

import json
import os
import unittest

from support import CliTest, run

GOOD = """version: 1
name: demo
base: {debian: bookworm, python: "3.11"}
"""


class SpecErrors(CliTest):
    def check(self, text, code, *expected, **files):
        spec = self.write_spec(text, **files)
        before = sorted(path.name for path in self.directory.iterdir())
        done = run("build", spec, "--store", self.directory / "store")
        self.assert_fails(done, code, *expected)
        after = sorted(path.name for path in self.directory.iterdir() if path.name != "store")
        self.assertEqual(before, after, "nothing half-written")

    def test_a_missing_spec_names_the_file(self):
        done = run("build", self.directory / "nowhere.yaml")
        self.assert_fails(done, 2, "nowhere.yaml")

    def test_an_unknown_key_gets_the_nearest_word_and_its_line(self):
        self.check(GOOD + "requirments: {runtime: [tomli]}\n", 2, "mlbuild.yaml:4:1", "requirments", "requirements")

    def test_five_mistakes_are_told_in_one_run(self):
        spec = self.write_spec("version: 1\nname: 7up!\nbsae: {debian: bookworm}\nplatforms: [linux/s390x]\n"
                               "layers: {max: 9999}\napp:\n  - {from: missing/, to: /app}\n")
        done = self.assert_fails(run("build", spec), 2)
        self.assertGreaterEqual(done.err.count("error:"), 5, done.err)

    def test_a_missing_requirements_file_names_the_line(self):
        self.check(GOOD + "requirements: {runtime: nowhere.txt}\n", 2, "mlbuild.yaml:4", "nowhere.txt")

    def test_a_path_out_of_the_spec_directory_is_refused(self):
        self.check(GOOD + "app:\n  - {from: ../, to: /app}\n", 2, "mlbuild.yaml:5")

    def test_a_requirement_with_a_syntax_error_names_file_and_line(self):
        self.check(GOOD + "requirements: {runtime: requirements.txt}\n", 2, "requirements.txt:2",
                   requirements__txt="tomli==2.0.1\nnumpy=>1\n")

    def test_locked_without_a_lock_names_the_unpinned_requirement(self):
        spec = self.write_spec(GOOD + "requirements: {runtime: [tomli]}\n")
        self.assert_fails(run("build", "--locked", spec), 2, "mlbuild.yaml:4", "not pinned", "mlbuild lock")

    def test_secrets_in_urls_are_never_repeated(self):
        """Neither where they are the mistake nor where one stands on the same line; logs of CI are read by many."""
        for text in ("python: {indexes: [{url: 'https://ci:t0k3n@pypi.example/simple', packages: [tomli]}]}\n",
                     "python: {indexes: [{url: 'https://ci:t0k3n@pypi.example/simple', pakages: [tomli]}]}\n",
                     "requirements: {runtime: ['tomli @ https://ci:t0k3n@files.example/tomli.whl']}\n",
                     "requirements: {runtime: ['https://ci:t0k3n@files.example/tomli.whl']}\n",
                     "requirements: {runtime: ['tomli==2.0.1 --index-url=https://ci:t0k3n@files.example']}\n"):
            spec = self.write_spec(GOOD + text)
            for form in ("text", "json"):
                done = self.assert_fails(run("build", spec, "--format", form), 2, "mlbuild.yaml:4")
                self.assertNotIn("t0k3n", done.out + done.err)

    def test_an_unknown_variant_gets_the_nearest_one_and_nothing_is_locked(self):
        spec = self.write_spec(GOOD + "variants: {serve: }\n")
        for command in ("build", "plan", "why"):
            done = run(command, *(["tomli"] if command == "why" else []), spec, "--variant", "serv", "--store", self.directory / "store")
            self.assert_fails(done, 2, "`serv`", "did you mean `serve`?")
        self.assertEqual([path.name for path in self.directory.iterdir()], ["mlbuild.yaml"])

    def test_names_that_are_none_are_told_before_any_work(self):
        spec = self.write_spec(GOOD)
        for output in ("oci:out", "docker:out.tar"):
            done = run("build", spec, "-t", "Demo:1.4", "-o", output, "--store", self.directory / "store", cwd=self.directory)
            self.assert_fails(done, 2, "`Demo:1.4` is no image reference", "upper-case")
        spec = self.write_spec(GOOD + "budget: {growth: 5%, against: churn}\n")
        self.assert_fails(run("build", spec, "--store", self.directory / "store"), 2, "mlbuild.yaml:4:31", "`churn` names no registry")
        self.assertEqual([path.name for path in self.directory.iterdir()], ["mlbuild.yaml"])

    def test_options_that_would_change_nothing_are_slips(self):
        spec = self.write_spec(GOOD)
        image = "registry.invalid/team/app:1"
        for words in (["lock", "--check", "--upgrade", "tomli", spec], ["lock", "--check", "--upgrade-all", spec],
                      ["run", image, "--variant", "serve"], ["check", image, "--locked"], ["sbom", image, "--variant", "serve"],
                      ["report", image, "--locked"], ["audit", image, "--variant", "serve"], ["report", image, "--compare", image, "--variant", "serve"],
                      ["report", spec, "-o", "page.html", "--format", "json"],
                      ["build", spec, "--mount-from", "team/base"], ["build", spec, "--dry-run", "--summary", "summary.md"]):
            with self.subTest(words[:3]):
                self.assert_fails(run(*words, "--store", self.directory / "store", cwd=self.directory), 2)
        self.assertEqual([path.name for path in self.directory.iterdir()], ["mlbuild.yaml"])

    def test_documents_name_files_whose_names_are_no_utf_8(self):
        store = os.fsencode(self.directory) + b"/store\xff"
        done = self.assert_ok(run("store", "ls", "--format", "json", "--store", os.fsdecode(store)))
        self.assertEqual(json.loads(done.out)["path"], f"{self.directory}/store\ufffd")

    def test_a_wrong_command_gets_the_nearest_one(self):
        self.assert_fails(run("biuld"), 2, "mlbuild build")

    def test_an_unknown_command_is_named_whatever_stands_before_it(self):
        for words in (["biuld"], ["--store", "x", "biuld"], ["--format", "json", "biuld"]):
            done = run(*words)
            self.assert_fails(done, 2, "`biuld` is no command", "mlbuild build")
            self.assertEqual("json" in words, done.out.startswith("{"), done.out)

    def test_a_full_or_closed_stdout_is_an_error(self):
        for shell in ('"$@" >/dev/full', '"$@" >&-'):
            done = run("schema", prefix=["sh", "-c", shell, "sh"])
            self.assert_fails(done, 1, "stdout")

    def test_closed_descriptors_do_not_end_in_the_store(self):
        spec = self.write_spec(GOOD)
        store = self.directory / "store"
        run("build", "--locked", spec, "--store", store, "-o", f"oci:{self.directory}/image", prefix=["sh", "-c", '"$@" <&- >&- 2>&-', "sh"])
        for path in store.rglob("*") if store.exists() else []:
            self.assertFalse(path.name == "lock" and path.stat().st_size > 0, "messages were written into a file of ours")

    def test_a_device_or_directory_is_no_archive(self):
        spec = self.write_spec(GOOD)
        pipe = self.directory / "pipe"
        os.mkfifo(pipe)
        for target in (pipe, self.directory):
            self.assert_fails(run("build", spec, "-o", f"docker:{target}", "--store", self.directory / "store"), 2, str(target))
        self.assertTrue(pipe.is_fifo())

    def test_two_names_without_push_are_refused(self):
        spec = self.write_spec(GOOD)
        self.assert_fails(run("build", spec, "-t", "a:1", "-t", "b:2", "--store", self.directory / "store"), 2, "--push")

    def test_a_wrong_output_is_told_before_any_work(self):
        spec = self.write_spec(GOOD)
        self.assert_fails(run("build", spec, "-o", "tar:x", "--store", self.directory / "store"), 2, "oci:")
        self.assertFalse((self.directory / "store" / "blobs").exists() and any((self.directory / "store" / "blobs").rglob("*.whl")))


class Lock(CliTest):
    """Of a spec that needs nothing from anywhere."""

    def setUp(self):
        super().setUp()
        self.spec = self.write_spec("version: 1\nname: demo\nbase: scratch\napp: [{from: data.txt, to: /}]\n", data__txt="data\n")
        self.lock = self.spec.with_suffix(".lock")

    def run_lock(self, *args):
        return self.assert_ok(run("lock", self.spec, "--store", self.directory / "store", *args))

    def test_check_with_json_prints_the_lock(self):
        self.run_lock()
        self.assertEqual(self.run_lock("--check", "--format", "json").out, self.lock.read_text())

    def test_quiet_is_not_silent_about_a_lock_that_cannot_be_read(self):
        self.lock.write_text("<<<<<<< ours\n")
        self.assertIn("warning:", self.run_lock("-q").err)
        self.assertEqual(self.run_lock("--check", "-q").err, "")


if __name__ == "__main__":
    unittest.main(verbosity=2)
