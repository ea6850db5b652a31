"""What is told of bases that cannot carry what is asked of them. Roots of a few files, wrapped by umoci; no network."""

import json
import unittest

from foreign_base import sh, wrap
from support import CliTest, run

STATUS = """Package: {name}
Status: install ok installed
Architecture: amd64
Version: 1.0
"""


class BaseErrors(CliTest):
    def setUp(self):
        super().setUp()
        self.store = self.directory / "store"
        self.root = self.directory / "root"
        self.root.mkdir()

    def file(self, path, content="", mode=0o755):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
        target.chmod(mode)

    def lock(self, rest, base="{oci: base}"):
        spec = self.write_spec(f"version: 1\nname: top\nbase: {base}\n{rest}\n")
        return run("lock", spec, "--store", self.store)

    def test_without_python_requirements_are_told(self):
        self.file("bin/sh")
        wrap(self.directory / "base", self.root)
        self.assert_fails(self.lock("requirements: {runtime: [idna]}"), 2, "mlbuild.yaml:4:26", "no `python3` on its PATH")

    def test_musl_is_told(self):
        self.file("lib/ld-musl-x86_64.so.1")
        self.file("usr/bin/python3.11", "\0" "3.11.4\0")
        self.file("usr/lib/python3.11/os.py")
        (self.root / "usr/bin/python3").symlink_to("python3.11")
        wrap(self.directory / "base", self.root)
        self.assert_fails(self.lock("requirements: {runtime: [idna]}"), 2, "musl", "`slim`")

    def test_packages_need_a_debian_that_says_so(self):
        self.file("etc/os-release", "ID=alpine\n")
        wrap(self.directory / "base", self.root)
        self.assert_fails(self.lock("system: {runtime: [libgomp1]}"), 2, "mlbuild.yaml:4:20", "it is `alpine`, not Debian")

    def test_packages_need_a_database_that_says_what_is_there(self):
        self.file("etc/os-release", "ID=debian\nVERSION_CODENAME=bookworm\n")
        wrap(self.directory / "base", self.root)
        self.assert_fails(self.lock("system: {runtime: [libgomp1]}"), 2, "has no dpkg database")

    def test_another_platform_is_told(self):
        self.file("bin/sh")
        wrap(self.directory / "base", self.root, config=["--architecture", "arm64"])
        self.assert_fails(self.lock("app: []"), 2, "mlbuild.yaml:3:13", "no image for linux/amd64")

    def test_a_directory_that_is_no_layout_and_a_tar_that_is_no_image(self):
        self.file("bin/sh")
        sh("tar", "-cf", self.directory / "root.tar", "-C", self.root, ".")
        self.assert_fails(self.lock("app: []", "{oci: root}"), 2, "mlbuild.yaml:3:13", "is no OCI layout")
        self.assert_fails(self.lock("app: []", "{archive: root.tar}"), 2, "mlbuild.yaml:3:17", "holds no image")
        sh("gzip", self.directory / "root.tar")
        self.assert_fails(self.lock("app: []", "{archive: root.tar.gz}"), 1, "compressed as a whole")

    def test_a_damaged_layer_is_told(self):
        self.file("bin/sh", "content")
        wrap(self.directory / "base", self.root)
        for blob in (self.directory / "base/blobs/sha256").iterdir():
            if blob.read_bytes()[:2] == b"\x1f\x8b":
                data = bytearray(blob.read_bytes())
                data[4] ^= 1  # the time in gzip's header: it unpacks as before
                blob.write_bytes(data)
        done = self.lock("app: []")
        self.assertEqual(done.returncode, 1, done.err)
        self.assertIn("reading base layer 1/1", done.err)

    def test_a_base_without_python_carries_an_application(self):
        self.file("bin/tool")
        (self.directory / "app").mkdir()
        (self.directory / "app/data").write_text("x")
        wrap(self.directory / "base", self.root)
        self.assert_ok(self.lock("app: [{from: app, to: /app}]"))
        locked = json.loads((self.directory / "mlbuild.lock").read_text())["images"][0]
        self.assertEqual(locked["interpreter"]["version"], "")
        shown = self.assert_ok(run("plan", self.directory / "mlbuild.yaml", "--store", self.store))
        self.assertIn("in the base oci: base", shown.out)
        self.assert_ok(run("build", self.directory / "mlbuild.yaml", "--store", self.store, "-o", f"oci:{self.directory}/out", "-t", "t:1"))
        self.assertIn("blobs", sh("ls", self.directory / "out"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
