"""`mlbuild check` on small images whose every file is known."""

import json
import sys

from layout import Layout, tagged
from support import CliTest, ROOT, main, run

sys.path.insert(0, str(ROOT / "tests/fuzz"))
from make_elf_seeds import elf  # noqa: E402

SITE = "usr/local/lib/python3.11/site-packages/"
LOADER = "/lib64/ld-linux-x86-64.so.2"


def wheel(name, version, files, *fields):
    info = f"{SITE}{name}-{version}.dist-info"
    metadata = "".join(f"{line}\n" for line in ("Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *fields)) + "\n"
    record = "".join(f"{path},sha256={name},\n" for path in files)
    return {**{SITE + path: content for path, content in files.items()}, f"{info}/METADATA": metadata, f"{info}/RECORD": record}


BASE = {"usr/lib/x86_64-linux-gnu/libc.so.6": elf(soname="libc.so.6", versions=["libc.so.6", "GLIBC_2.36"]),
        "usr/local/bin/python3": elf(needed=["libc.so.6"], interpreter=LOADER)}
FINE = wheel("fine", "1.0", {"fine/x.abi3.so": elf(needed=["libc.so.6"], needs=[("libc.so.6", ["GLIBC_2.36"])])})
BAD = wheel("bad", "1.0", {"bad/x.abi3.so": elf(needed=["libGL.so.1", "libcuda.so.1", "libc.so.6"], needs=[("libc.so.6", ["GLIBC_2.38"])],
                                                gpu=True)}, "Requires-Dist: gone>=2")


class Check(CliTest):
    def check(self, *words, layers=(BASE, FINE)):
        layout = Layout(self.directory / "layout")
        layout.write_index(tagged(layout.image("amd64", *layers), "x"))
        return run("check", *words, f"oci:{layout.directory}:x", "--store", self.directory / "store")

    def test_a_good_image_passes(self):
        done = self.assert_ok(self.check())
        self.assertIn("all find what they need", done.out)
        self.assertIn("conflicts: none", done.out)

    def test_what_is_missing_is_named_with_its_package(self):
        done = self.check("libraries", layers=(BASE, FINE, BAD))
        self.assertEqual(done.returncode, 4, done.err)
        self.assertIn("`bad/x.abi3.so` of wheel bad 1.0 needs `libGL.so.1`, which is not there", done.out)
        self.assertIn("system:\n  runtime: [libgl1]\n", done.out)
        self.assertIn("left to the NVIDIA driver: libcuda.so.1", done.out)
        self.assertIn("GLIBC_2.38", done.out)
        self.assertNotIn("gone", done.out)

    def test_json_has_all_checks(self):
        done = self.check("--format", "json", layers=(BASE, BAD))
        value = json.loads(done.out)
        self.assertEqual((done.returncode, value["ok"]), (4, False))
        self.assertEqual(value["libraries"]["system_runtime"], ["libgl1"])
        self.assertEqual({conflict["kind"] for conflict in value["conflicts"]["conflicts"]}, {"missing", "glibc"})
        self.assertEqual(value["gpu"]["packages"], [{"package": "wheel bad 1.0", "file": SITE + "bad/x.abi3.so", "code": ["compute_90", "sm_80"], "missing": []}])

    def test_two_distributions_of_one_package_are_told(self):
        one, two = (wheel(name, "1.0", {"cv2/__init__.py": name, "cv2/data.py": ""}) for name in ("opencv-python", "opencv-python-headless"))
        done = self.check("conflicts", layers=(BASE, one, two))
        self.assertEqual(done.returncode, 4)
        self.assertIn("both bring `import cv2`", done.out)

    def test_mistakes_get_a_way_out(self):
        self.assert_fails(run("check", "libraries", "a.yaml", "b.yaml"), 2, "one image at a time")


if __name__ == "__main__":
    raise SystemExit(main())
