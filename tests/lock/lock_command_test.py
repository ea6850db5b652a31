"""`mlbuild lock` and its lock: what is told without asking any registry."""

import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
from support import CliTest, run  # noqa: E402

# Refused without a try to connect, but only when the first package list is asked for.
NOWHERE = {"MLBUILD_DEBIAN_MIRROR": "gopher://127.0.0.1:9/debian"}
BROKEN = {"empty": "", "garbage": "\x01\x02", "no object": "[]", "merge": "<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> other\n"}


class LockCommand(CliTest):
    def mlbuild(self, *args):
        return run(*args, "--store", self.directory / "store", env=NOWHERE)

    def test_a_broken_lock_does_not_hinder_locking_anew(self):
        spec = self.copy_spec("minimal") / "mlbuild.yaml"
        for name, text in BROKEN.items():
            for options in [], ["--upgrade-all"]:
                with self.subTest(name, options=options):
                    spec.with_suffix(".lock").write_text(text)
                    done = self.mlbuild("lock", spec, *options)
                    self.assert_fails(done, 2, "warning:", "chosen afresh", "MLBUILD_DEBIAN_MIRROR")
                    self.assertEqual(spec.with_suffix(".lock").read_text(), text, "kept until there is a new one")

    def test_a_broken_lock_is_refused_where_pins_matter(self):
        spec = self.copy_spec("minimal") / "mlbuild.yaml"
        spec.with_suffix(".lock").write_text(BROKEN["merge"])
        for command in ["build", spec, "--locked"], ["build", spec], ["lock", spec, "--check"], \
                       ["lock", spec, "--upgrade", "tomli"]:
            self.assert_fails(self.mlbuild(*command), 2, "mlbuild.lock", "run `mlbuild lock`")

    def test_a_lock_of_a_later_release_is_not_overwritten(self):
        spec = self.copy_spec("minimal") / "mlbuild.yaml"
        spec.with_suffix(".lock").write_text('{"version": 99}')
        self.assert_fails(self.mlbuild("lock", spec), 2, "format version 99", "newer")

    def test_a_debian_package_does_not_move_singly(self):
        spec = self.copy_spec("minimal") / "mlbuild.yaml"
        self.assert_fails(self.mlbuild("lock", spec, "--upgrade", "libssl3"), 2, "`libssl3` is a Debian package",
                          "`mlbuild lock` without `--upgrade`")

    def test_what_builds_a_source_distribution_moves_singly(self):
        spec = self.copy_spec("sklearn-train") / "mlbuild.yaml"
        self.assert_fails(self.mlbuild("lock", spec, "--upgrade", "wheel"), 2, "MLBUILD_DEBIAN_MIRROR")

    def test_the_word_after_a_package_is_the_spec(self):
        spec = self.copy_spec("minimal") / "mlbuild.yaml"
        self.assert_fails(self.mlbuild("lock", "--upgrade", "libssl3", spec), 2, "`libssl3` is a Debian package")

    def test_an_exact_pin_of_the_spec_is_named_when_it_cannot_move(self):
        spec = self.copy_spec("sklearn-train") / "mlbuild.yaml"
        done = self.mlbuild("lock", spec, "--upgrade", "boto3")
        self.assertIn("the spec pins `boto3==1.34.69` at", done.err)
        self.assertIn("requirements.txt:5, which `--upgrade` does not move", done.err)

    def test_a_platform_named_twice_is_built_once(self):
        spec = self.copy_spec("minimal") / "mlbuild.yaml"
        twice = ["--platform", "linux/amd64"] * 2
        done = self.assert_ok(self.mlbuild("build", spec, "--locked", "--dry-run", "--format", "json", *twice))
        self.assertEqual([image["platform"] for image in json.loads(done.out)["images"]], ["linux/amd64"])


if __name__ == "__main__":
    unittest.main()
