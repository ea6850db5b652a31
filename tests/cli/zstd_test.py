"""`layers.compression: zstd`: the same files in other layers, that other tools read."""

import io
import json
import pathlib
import subprocess
import tarfile

from docker_registry import DockerRegistry
from support import SHARED_STORE, CliTest, layout_blob, layout_manifest, main, run

ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"


class Zstd(CliTest):
    def setUp(self):
        super().setUp()
        self.spec = self.locked_spec("minimal")
        self.build(self.spec, "--locked", "-o", f"oci:{self.directory}/gzip")
        self.spec.write_text(self.spec.read_text() + "layers: {compression: zstd}\n")

    def config(self, layout):
        return json.loads(layout_blob(layout, layout_manifest(layout)["config"]["digest"]))

    def test_the_files_are_the_same(self):
        self.build(self.spec, "--locked", "-o", f"oci:{self.directory}/zstd")
        gzip, zstd = self.directory / "gzip", self.directory / "zstd"
        self.assertEqual({layer["mediaType"] for layer in layout_manifest(zstd)["layers"]}, {ZSTD})
        self.assertEqual(self.config(zstd)["rootfs"], self.config(gzip)["rootfs"])
        sizes = [sum(layer["size"] for layer in layout_manifest(layout)["layers"]) for layout in (zstd, gzip)]
        self.assertLess(*sizes)

    def test_one_digest_whatever_the_number_of_threads(self):
        digests = {self.build(self.spec, "--locked", "--force", "--threads", threads).out for threads in (1, 2, 5)}
        self.assertEqual(len(digests), 1)

    def test_a_registry_tells_what_is_known(self):
        with DockerRegistry() as registry:
            image = f"{registry.host}/ml/zstd:1"
            first = self.build(self.spec, "--locked", "--push", "-t", image)
            again = self.build(self.spec, "--locked", "--push", "-t", image, store=self.directory / "empty")
            self.assertEqual(first.out, again.out)
            self.assertFalse(list((self.directory / "empty" / "blobs").rglob("*deb*")))
            plan = json.loads(self.build(self.spec, "--dry-run", "--cache-from", image, "--format", "json", store=self.directory / "new").out)
            self.assertEqual({step["state"] for step in plan["images"][0]["steps"]}, {"registry"})
            self.assert_ok(run("run", image, "--store", self.directory / "run-store", timeout=300))

    def test_skopeo_reads_it(self):
        self.build(self.spec, "--locked", "-o", f"oci:{self.directory}/zstd", "-t", "demo:1")
        subprocess.run(["skopeo", "copy", "--quiet", f"oci:{self.directory}/zstd:1", f"dir:{self.directory}/dir"], check=True)
        for layer in json.loads((self.directory / "dir" / "manifest.json").read_text())["layers"]:
            blob = self.directory / "dir" / layer["digest"].removeprefix("sha256:")
            plain = subprocess.run(["zstd", "-dc", blob], capture_output=True, check=True).stdout
            with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
                self.assertTrue(tar.getnames())


if __name__ == "__main__":
    raise SystemExit(main())
