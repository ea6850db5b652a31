"""`mlbuild copy`: finished images from place to place, byte for byte; checked by skopeo and by the registry's own log."""

import hashlib
import json
import subprocess
import tarfile

from docker_registry import DockerRegistry
from layout import INDEX, Layout, tagged
from support import CliTest, main, run


def tool(*argv):
    done = subprocess.run([*map(str, argv)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Copy(CliTest):
    def setUp(self):
        super().setUp()
        layout = Layout(self.directory / "layout")
        amd, arm = layout.image("amd64", {"hello": "amd " * 5000}), layout.image("arm64", {"hello": "arm " * 5000})
        self.amd = amd["digest"]
        self.many = layout.json({"schemaVersion": 2, "mediaType": INDEX, "manifests": [amd, arm, layout.attestation(amd)]}, INDEX)
        layout.write_index(tagged(self.many, "many"), tagged(amd, "one"))
        self.one_place, self.many_place = f"oci:{layout.directory}:one", f"oci:{layout.directory}:many"

    def copy(self, *args):
        """The digest that it prints, and what it says it wrote."""
        answer = json.loads(self.assert_ok(run("copy", *args, "--format", "json")).out)
        return answer["digest"], answer["written_bytes"]

    def inspect(self, name):
        return "sha256:" + hashlib.sha256(tool("skopeo", "inspect", "--raw", "--tls-verify=false", "docker://" + name).encode()).hexdigest()

    def test_an_index_goes_on_with_all_that_it_names(self):
        with DockerRegistry() as one, DockerRegistry() as other:
            first, second = f"{one.host}/team/app:1.0", f"{other.host}/elsewhere/app:2.0"
            self.assertEqual(self.copy(self.many_place, first)[0], self.many["digest"])
            digest, written = self.copy(first, second)
            self.assertEqual((digest, self.inspect(second)), (self.many["digest"], self.many["digest"]))
            self.assertEqual(written, other.stored_bytes())
            back = self.directory / "back"
            self.copy(second, f"oci:{back}")
            self.assertEqual(json.loads((back / "index.json").read_text())["manifests"][0]["digest"], self.many["digest"])
            blobs = {path.name for path in (back / "blobs/sha256").iterdir()}
            self.assertEqual(blobs, {path.name for path in (self.directory / "layout/blobs/sha256").iterdir()})
            tool("skopeo", "copy", "--all", "--preserve-digests", f"oci:{back}:2.0", f"dir:{self.directory}/read")

    def test_the_same_copy_again_sends_nothing(self):
        with DockerRegistry() as registry:
            name = f"{registry.host}/team/app:1.0"
            self.assertGreater(self.copy(self.one_place, name)[1], 0)
            before = len(registry.requests())
            self.assertEqual(self.copy(self.one_place, name), (self.amd, 0))
            self.assertEqual(registry.writes(before), [])

    def test_within_a_registry_blobs_are_linked(self):
        with DockerRegistry() as registry:
            first = f"{registry.host}/team/app:1.0"
            self.copy(self.one_place, first)
            before, stored = len(registry.requests()), registry.stored_bytes()
            self.copy(first, f"{registry.host}/other/app:1.0")
            writes = registry.writes(before)
            self.assertEqual([path for method, path in writes if method == "PUT"], ["/v2/other/app/manifests/1.0"])
            self.assertEqual(registry.stored_bytes(), stored)
            read = [path for method, path, _ in registry.requests()[before:] if method == "GET" and "/blobs/" in path]
            self.assertEqual(len(read), 1, "the config is read, no layer is")

    def test_one_platform_can_be_chosen(self):
        with DockerRegistry() as registry:
            name = f"{registry.host}/team/app:amd"
            self.assertEqual(self.copy(self.many_place, name, "--platform", "linux/amd64")[0], self.amd)
            self.assertEqual(self.inspect(name), self.amd)
        missing = run("copy", self.many_place, f"oci:{self.directory}/x", "--platform", "linux/s390x")
        self.assert_fails(missing, 2, "no image for linux/s390x", "linux/amd64, linux/arm64")
        missing = run("copy", self.one_place, f"oci:{self.directory}/x", "--platform", "linux/arm64")
        self.assert_fails(missing, 2, "no image for linux/arm64", "linux/amd64")
        self.assertFalse((self.directory / "x").exists())

    def test_a_docker_archive_is_written_and_read(self):
        file = self.directory / "image.tar"
        self.copy(self.one_place, f"docker:{file}", "-t", "team/app:1.0")
        with tarfile.open(file) as tar:
            manifest = json.load(tar.extractfile("manifest.json"))
        self.assertEqual(manifest[0]["RepoTags"], ["team/app:1.0"])
        with DockerRegistry() as registry:
            name = f"{registry.host}/team/app:1.0"
            digest, _ = self.copy(f"docker:{file}", name)
            self.assertEqual(self.inspect(name), digest)
            tool("skopeo", "copy", "--src-tls-verify=false", "docker://" + name, f"dir:{self.directory}/read")

    def test_a_damaged_layout_is_not_passed_on(self):
        layer = max((self.directory / "layout/blobs/sha256").iterdir(), key=lambda path: path.stat().st_size)
        manifest = json.loads((self.directory / "layout/blobs/sha256" / self.amd.split(":")[1]).read_text())
        layer = self.directory / "layout/blobs/sha256" / manifest["layers"][0]["digest"].split(":")[1]
        data = bytearray(layer.read_bytes())
        data[-1] ^= 1
        layer.write_bytes(data)
        with DockerRegistry() as registry:
            done = run("copy", self.one_place, f"{registry.host}/team/app:1.0", "--retry-for", "1")
            self.assert_fails(done, done.returncode, manifest["layers"][0]["digest"])
            self.assertNotEqual(done.returncode, 0)
            self.assertFalse([path for method, path in registry.writes() if "manifests" in path])

    def test_mistakes_get_a_way_out(self):
        to = f"oci:{self.directory}/to"
        layout = self.directory / "layout"
        self.assert_fails(run("copy", layout, to), 2, "is a directory", f"oci:{layout}")
        self.assert_fails(run("copy", f"oci:{layout}", to), 2, "2 images", "many, one")
        self.assert_fails(run("copy", f"oci:{layout}:three", to), 2, "no image `three`", "many, one")
        self.assert_fails(run("copy", f"oci:{self.directory}/none", to), 2, "no OCI layout")
        self.assert_fails(run("copy", "app:1.0", to), 2, "names no registry")
        self.assert_fails(run("copy", self.many_place, f"docker:{self.directory}/a.tar"), 2, "one platform", "--platform")
        self.assert_fails(run("copy", self.one_place, "archive:x.tar"), 2, "`archive` is no form", "docker:FILE.tar")
        with DockerRegistry() as registry:
            name = f"{registry.host}/team/none"
            self.assert_fails(run("copy", f"{name}:1", to), 3, "has no image")
            self.assert_fails(run("copy", self.one_place, f"daemon:{name}:1"), 2, "says more than which daemon", "-t NAME:TAG")
            self.assert_fails(run("copy", self.one_place, f"{name}@{self.amd}"), 2, "has a digest", "by a tag")
            self.assertEqual(registry.writes(0), [], "nothing is sent where it was not asked for")
        self.assertFalse((self.directory / "to").exists())


if __name__ == "__main__":
    raise SystemExit(main())
