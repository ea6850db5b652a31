"""What is in an image travels with it: `mlbuild inspect` of an image in a registry downloads no layer."""

import json

from docker_registry import DockerRegistry
from support import SHARED_STORE, CliTest, main, run


class RecordedContents(CliTest):
    def setUp(self):
        super().setUp()
        self.spec = self.locked_spec("minimal")
        self.registry = self.enterContext(DockerRegistry())
        self.name = f"{self.registry.host}/team/app:1.0"
        self.build(self.spec, "--locked", "--push", "-t", self.name)

    def inspect(self, *args):
        before = len(self.registry.requests())
        done = self.assert_ok(run("inspect", self.name, "--store", self.directory / "empty", "--format", "json", *args))
        blobs = [path for method, path, _ in self.registry.requests()[before:] if "/blobs/" in path]
        return json.loads(done.out), blobs

    def test_only_manifest_and_config_are_downloaded(self):
        recorded, blobs = self.inspect()
        self.assertEqual(len(blobs), 1, "the config")
        self.assertIsNone(recorded["files"])
        read, blobs = self.inspect("--read-layers")
        self.assertGreater(len(blobs), 1)
        for value in (recorded, read):
            value["sizes"] = {(package["kind"], package["name"].replace("_", "-").lower(), package["version"]): package["plain_bytes"]
                              for package in value["packages"] if package["kind"] in ("wheel", "deb")}
        self.assertEqual(recorded["sizes"].keys(), read["sizes"].keys())
        self.assertEqual([layer["plain_bytes"] for layer in recorded["layers"]], [layer["plain_bytes"] for layer in read["layers"]])
        for package, size in read["sizes"].items():
            if "python3.11" in package[1]:
                continue  # the library's bytecode is a row of its own in the manifest: which .deb a source is of is not known there
            self.assertAlmostEqual(recorded["sizes"][package], size, delta=0.05 * size + 100000, msg=package)  # settings of a .deb are in no list of its files

    def test_text_tells_where_it_is_from_and_the_way_to_more(self):
        done = self.assert_ok(run("inspect", self.name, "--store", self.directory / "empty"))
        self.assertIn("as the manifest tells it", done.out)
        self.assertIn("--read-layers", done.out)
        self.assertRegex(done.out, r"deb libc6 2\.36")
        self.assertIn("layer  file", self.assert_ok(run("inspect", self.name, "--store", self.directory / "empty", "--files", "5")).out)

    def test_a_build_that_takes_layers_from_the_registry_gives_the_same_image(self):
        first = self.build(self.spec, "--locked").out
        store = self.directory / "fresh"
        again = self.build(self.spec, "--locked", "--cache-from", self.name, "--push", "-t", self.name.replace("1.0", "1.1"), store=store)
        self.assertEqual(again.out, first)
        self.assertNotIn("1 made", again.err)


if __name__ == "__main__":
    raise SystemExit(main())
