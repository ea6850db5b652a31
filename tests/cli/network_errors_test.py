"""Mistakes that only an index or a package can show: conflict, missing wheel, wrong hash, unknown package, no network, corrupt
wheel, corrupt store, full disk. Uses the package registries of this machine."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import time
import unittest

from support import MLBUILD, SHARED_STORE, CliTest, layout_manifest, run

GOOD = """version: 1
name: demo
base: {debian: bookworm, python: "3.11", flavor: distroless}
python: {exclude-newer: 2024-06-01}
"""
NOWHERE = {"MLBUILD_PYTHON_INDEX": "http://127.0.0.1:9/simple", "MLBUILD_DEBIAN_MIRROR": "http://127.0.0.1:9/debian",
           "MLBUILD_DEBIAN_SECURITY_MIRROR": "http://127.0.0.1:9/security"}


class NetworkErrors(CliTest):
    def check(self, text, code, *expected):
        spec = self.write_spec(text)
        self.assert_fails(run("build", spec, "--store", SHARED_STORE), code, *expected)
        self.assertFalse((self.directory / "mlbuild.lock").exists(), "no lock of a failed resolution")

    def test_a_conflict_names_the_requirement_and_the_resolver_s_reason(self):
        self.check(GOOD + "requirements:\n  runtime:\n    - pandas==2.2.1\n    - numpy==1.20.0\n", 1, "mlbuild.yaml:", "numpy")

    def test_a_project_without_wheel_names_the_policy(self):
        self.check(GOOD + "requirements:\n  runtime:\n    - antlr4-python3-runtime==4.9.3\n", 1, "mlbuild.yaml:7", "antlr4-python3-runtime", "sdists")

    def test_an_unknown_project_names_its_line(self):
        self.check(GOOD + "requirements:\n  runtime:\n    - no-such-project-of-ours==1.0\n", 1, "mlbuild.yaml:7")

    def test_a_wrong_hash_names_its_line(self):
        self.check(GOOD + "requirements:\n  runtime:\n    - tomli==2.0.1 --hash=sha256:" + "0" * 64 + "\n", 2, "mlbuild.yaml:7", "hash")

    def test_an_unknown_debian_package_names_its_line_and_a_near_name(self):
        self.check(GOOD + "system:\n  runtime: [libgomp11]\n", 2, "mlbuild.yaml:6", "libgomp1")

    def test_no_network_is_exit_3_and_says_which_place_could_not_be_reached(self):
        spec = self.write_spec(GOOD + "requirements: {runtime: [tomli==2.0.1]}\n")
        done = run("build", spec, "--store", self.directory / "store", env=NOWHERE)
        self.assert_fails(done, 3, "127.0.0.1")


class Damage(CliTest):
    """A small build whose store or output is damaged."""

    def setUp(self):
        super().setUp()
        self.spec = self.fresh_spec("minimal")
        self.store = self.directory / "store"
        self.first = self.build(self.spec, store=self.store).out

    def wheel_or_deb(self):
        blobs = [path for path in (self.store / "blobs").rglob("*") if path.is_file() and path.stat().st_size > 200_000]
        return max(blobs, key=lambda path: path.stat().st_size)

    def test_a_damaged_blob_is_found_and_repaired(self):
        victim = self.wheel_or_deb()
        data = bytearray(victim.read_bytes())
        data[len(data) // 2] ^= 1
        victim.chmod(0o644)
        victim.write_bytes(data)
        verify = run("store", "verify", "--store", self.store)
        self.assertEqual(verify.returncode, 1)
        self.assertIn(victim.name, verify.out)
        self.assert_ok(run("store", "verify", "--repair", "--store", self.store))
        again = self.build(self.spec, store=self.store)
        self.assertEqual(again.out, self.first)
        self.assert_ok(run("store", "verify", "--store", self.store))

    def test_the_second_build_does_nothing_and_gives_the_same_digest(self):
        again = self.build(self.spec, "--format", "json", store=self.store, env=NOWHERE)
        image = json.loads(again.out)["images"][0]
        self.assertEqual(image["layers_made"], 0)
        self.assertEqual(image["digest"], self.first.strip())

    def test_a_full_disk_leaves_no_partial_and_the_next_run_works(self):
        small = self.directory / "small"
        small.mkdir()
        prefix = ["sh", "-c", f'mount -t tmpfs -o size=3m none {small} && "$@"; code=$?; find {small} >&2; cat {small}/image/index.json; umount {small}; exit $code', "sh"]
        if os.geteuid() != 0:
            prefix = ["unshare", "--map-root-user", "--mount", *prefix]
        done = run("build", self.spec, "--store", self.store, "-o", f"oci:{small}/image", prefix=prefix)
        self.assert_fails(done, 1, "space")
        self.assertEqual(json.loads(done.out)["manifests"], [], "a layout without its blobs names no image")
        self.assertNotRegex(done.err, r"/image/(?!index|oci-layout|blobs)", "no partial file stays")
        self.assertNotIn(".tmp", done.err)
        self.build(self.spec, "-o", f"oci:{self.directory}/image", store=self.store)

    def test_ctrl_c_in_the_middle_leaves_a_store_that_works(self):
        fresh = self.directory / "fresh"
        for delay in (0.05, 0.4, 1.0):
            child = subprocess.Popen([MLBUILD, "build", str(self.spec), "--store", str(fresh)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            time.sleep(delay)
            child.send_signal(signal.SIGINT)
            child.communicate(timeout=60)
            self.assertIn(child.returncode, (0, 130))
        self.assert_ok(run("store", "verify", "--store", fresh))
        self.assertEqual(self.build(self.spec, store=fresh).out, self.first)

    def test_a_wheel_that_is_not_its_digest_is_refused_by_name(self):
        lock_file = self.spec.with_suffix(".lock")
        lock = json.loads(lock_file.read_text())
        wheels = lock["images"][0]["wheels"]
        self.assertTrue(wheels, "specs/minimal needs a wheel for this test")
        wheels[0]["sha256"] = "sha256:" + "ab" * 32
        lock_file.write_text(json.dumps(lock))
        done = run("build", self.spec, "--locked", "--store", self.directory / "other")
        self.assert_fails(done, 3 if done.returncode == 3 else 1, wheels[0]["filename"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
