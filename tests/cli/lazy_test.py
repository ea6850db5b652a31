"""`layers.lazy`: layers that the format's own project reads file by file, and everybody else as ordinary ones."""

import hashlib
import io
import json
import os
import pathlib
import subprocess
import tarfile

import go_tools
from docker_registry import DockerRegistry
from support import CliTest, layout_blob, layout_manifest, main, run

# What real layers seldom have, made by a command: a file of several chunks, links, names that ustar cannot hold, and what hides
# files of the layers below, one by one and a whole directory.
ODD = """
import os
os.makedirs('/odd/' + 'd' * 120)
open('/odd/' + 'd' * 120 + '/' + 'n' * 120, 'w').write('long')
open('/odd/empty', 'w').close()
block = b''.join(str(i * 7919 % 1000003).encode() for i in range(200000))
open('/odd/huge', 'wb').write((block * 12)[:11 << 20] + b'end')
os.link('/odd/huge', '/odd/linked')
os.symlink('../app/hello.py', '/odd/symbolic')
os.chmod('/odd/empty', 0o600)
os.remove('/usr/share/zoneinfo/UTC') if os.path.exists('/usr/share/zoneinfo/UTC') else os.remove('/etc/debian_version')
import shutil
shutil.rmtree('/usr/share/misc', ignore_errors=True)
os.makedirs('/usr/share/misc')
open('/usr/share/misc/new', 'w').write('new')
"""


def tool(*argv):
    done = subprocess.run([*map(str, argv)], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Lazy:
    """A gzip image of all kinds of layers, and the same in a lazy form, with what holds for both forms; no test by itself."""
    FORM = MEDIA_TYPE = READER = OWN_FILES = None

    def setUp(self):
        super().setUp()
        self.spec = self.locked_spec("minimal")
        self.spec.write_text(self.spec.read_text() + f"steps:\n  - name: odd\n    run: [python, -c, {json.dumps(ODD)}]\n")
        plain = self.spec.read_text()
        self.build(self.spec, "-o", f"oci:{self.directory}/gzip")
        self.spec.write_text(plain + f"layers: {{lazy: {json.dumps(self.FORM)}}}\n")
        self.layout, self.gzip = self.directory / "lazy", self.directory / "gzip"
        self.digest = self.build(self.spec, "-o", f"oci:{self.layout}", "-t", "demo:1").out.strip()

    def tar(self, layout, layer):
        data = layout_blob(layout, layer["digest"])
        if layer["mediaType"].endswith("zstd"):
            data = subprocess.run(["zstd", "-dc"], input=data, capture_output=True, check=True).stdout
            return tarfile.open(fileobj=io.BytesIO(data))
        return tarfile.open(fileobj=io.BytesIO(data), mode="r:gz")

    def members(self, layout):
        """Of each layer, by path: what python's tarfile reads of each entry that is not the form's own."""
        layers = []
        for layer in layout_manifest(layout)["layers"]:
            with self.tar(layout, layer) as tar:
                layers.append({member.name: (member.type, member.mode, member.mtime, member.uid, member.gid, member.linkname,
                                             hashlib.sha256(tar.extractfile(member).read()).hexdigest() if member.isreg() else "")
                               for member in tar if member.name not in self.OWN_FILES})
        return layers

    def reader(self, *args):
        if why := go_tools.why_not(self.READER):
            self.skipTest(why)
        return json.loads(tool(go_tools.program(self.READER), *args))

    def check_same_files(self):
        layers = self.members(self.layout)
        self.assertEqual(layers, self.members(self.gzip))
        odd = next(layer for layer in layers if "odd/huge" in layer)
        self.assertTrue({"odd/" + "d" * 120 + "/" + "n" * 120, "odd/empty", "odd/linked", "odd/symbolic"} <= set(odd))
        self.assertTrue(any("/.wh." in path for path in odd))

    def check_unpacks(self):
        """The same root, as skopeo and umoci unpack both."""
        if os.geteuid() != 0:
            self.skipTest("umoci keeps owners for root only")
        roots = []
        for layout in (self.gzip, self.layout):
            name = json.loads((layout / "index.json").read_text())["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"]
            tool("skopeo", "copy", "--quiet", "--preserve-digests", f"oci:{layout}:{name}", f"oci:{layout}-copy:1")
            tool("umoci", "unpack", "--image", f"{layout}-copy:1", f"{layout}-root")
            root = pathlib.Path(f"{layout}-root") / "rootfs"
            roots.append({str(path.relative_to(root)): (path.lstat().st_mode, path.lstat().st_size if path.is_file() else 0)
                          for path in root.rglob("*") if path.name not in self.OWN_FILES})
        self.assertEqual(*roots)

    def test_inspect_and_copy(self):
        """Who asks about the image hears of its own files, and gets the same image back."""
        place, store = f"oci:{self.layout}:1", ("--store", self.directory / "inspect-store")
        lazy, plain = (json.loads(self.assert_ok(run("inspect", image, *store, "--format", "json")).out) for image in (place, f"oci:{self.gzip}"))
        for name in self.OWN_FILES:
            self.assertNotIn(name, json.dumps(lazy))
        files = [sum(package["files"] for package in told["packages"]) for told in (lazy, plain)]
        self.assertEqual(*files)
        self.assertGreater(files[0], 100)
        self.assert_ok(run("copy", place, f"oci:{self.directory}/copied"))
        copied = json.loads((self.directory / "copied" / "index.json").read_text())
        self.assertEqual(copied["manifests"][0]["digest"], self.digest)

    def test_one_digest_whatever_the_number_of_threads(self):
        digests = {self.build(self.spec, "--locked", "--force", "--threads", threads).out.strip() for threads in (1, 3)}
        self.assertEqual(digests, {self.digest})

    def test_stays_lazy_as_the_base_of_another_image(self):
        (self.directory / "mlbuild.yaml").write_text("version: 1\nname: top\nbase: {oci: lazy}\napp: [{from: mlbuild.yaml, to: /app/}]\n")
        self.build(self.directory / "mlbuild.yaml", "-o", f"oci:{self.directory}/top")
        base, top = (layout_manifest(layout)["layers"] for layout in (self.layout, self.directory / "top"))
        self.assertEqual([layer["digest"] for layer in top[:-1]], [layer["digest"] for layer in base])
        for layer, below in zip(top, base):
            lazy = {name: value for name, value in below["annotations"].items() if not name.startswith("dev.mlbuild.")}
            self.assertTrue(lazy)
            self.assertEqual(layer["annotations"], lazy)

    def test_a_registry_tells_what_is_known(self):
        """A build that starts with nothing but the registry says the same of the layers, and so makes the same image."""
        with DockerRegistry() as registry:
            image = f"{registry.host}/ml/lazy:1"
            first = self.build(self.spec, "--locked", "--push", "-t", image)
            again = self.build(self.spec, "--locked", "--push", "-t", image, store=self.directory / "empty")
            self.assertEqual(first.out, again.out)
            plan = json.loads(self.build(self.spec, "--dry-run", "--cache-from", image, "--format", "json", store=self.directory / "new").out)
            self.assertEqual({step["state"] for step in plan["images"][0]["steps"]}, {"registry"})
            self.assert_ok(run("verify", image, "--store", self.directory / "empty", timeout=600))
            self.assert_ok(run("run", image, "--store", self.directory / "run-store", timeout=300))


class Estargz(Lazy, CliTest):
    FORM, READER = "estargz", "estargz_reader"
    MEDIA_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
    OWN_FILES = {"stargz.index.json", ".no.prefetch.landmark"}

    def test_each_file_is_read_and_verified_by_the_formats_own_reader(self):
        manifest = layout_manifest(self.layout)["layers"]
        layers = self.reader(self.layout)
        self.assertEqual(len(layers), len(manifest))
        chunks = 0
        for read, expected, layer in zip(layers, self.members(self.layout), manifest):
            self.assertEqual(layer["mediaType"], self.MEDIA_TYPE)
            files = {path.rstrip("/"): file for path, file in read["files"].items() if path not in self.OWN_FILES}
            self.assertEqual(set(files), set(expected))
            for path, (kind, mode, _, _, _, link, sha256) in expected.items():
                if kind == tarfile.REGTYPE:
                    self.assertEqual((files[path]["type"], files[path]["mode"], files[path]["sha256"]), ("reg", mode, sha256), path)
                elif kind == tarfile.LNKTYPE:
                    self.assertEqual(files[path], files[link])
                else:
                    self.assertEqual(files[path]["type"], "dir" if kind == tarfile.DIRTYPE else "symlink")
                    self.assertEqual(files[path]["link"], link)
            chunks = max([chunks, *(file["chunks"] for file in files.values())])
            with self.tar(self.layout, layer) as tar:
                tar.getmembers()
                self.assertLessEqual(tar.offset, read["plainSize"])
        self.assertEqual(chunks, 3)
        # Names are known long before the files are there.
        self.assertLess(sum(layer["openedBytes"] for layer in layers), sum(layer["size"] for layer in manifest) / 10)

    def test_everybody_else_reads_an_ordinary_layer(self):
        self.check_same_files()
        self.check_unpacks()


class ZstdChunked(Lazy, CliTest):
    FORM, READER = "zstd:chunked", "zstd_chunked_reader"
    MEDIA_TYPE = "application/vnd.oci.image.layer.v1.tar+zstd"
    OWN_FILES = set()

    def test_its_own_project_pulls_it_in_parts_and_has_the_same_tar(self):
        if os.geteuid() != 0:
            self.skipTest("the store of containers/storage wants root")
        manifest = layout_manifest(self.layout)
        config = json.loads(layout_blob(self.layout, manifest["config"]["digest"]))
        layers = self.reader(self.layout, self.directory)
        self.assertEqual([layer["diffId"] for layer in layers], config["rootfs"]["diff_ids"])
        for read, expected, layer in zip(layers, self.members(self.layout), manifest["layers"]):
            self.assertEqual(layer["mediaType"], self.MEDIA_TYPE)
            wanted = {path: sha256 for path, (kind, *_, sha256) in expected.items() if kind == tarfile.REGTYPE and ".wh." not in path}
            links = {path: wanted[link] for path, (kind, *_, link, _) in expected.items() if kind == tarfile.LNKTYPE}
            self.assertEqual(read["files"], {**wanted, **links})

    def test_who_has_the_old_layer_fetches_what_is_new(self):
        """Bytes before all others in a large file: they move every byte, but not the places where it is cut."""
        if os.geteuid() != 0:
            self.skipTest("the store of containers/storage wants root")
        def odd_layer(layout):
            return next(layer for layer in self.reader(layout, self.directory) if "odd/huge" in (layer["files"] or {}))
        old = odd_layer(self.layout)
        self.assertGreater(old["fetched"], old["size"] * 0.9)
        self.spec.write_text(self.spec.read_text().replace("write((block * 12)", "write(b'inserted' + (block * 12)"))
        self.build(self.spec, "-o", f"oci:{self.directory}/new")
        new = odd_layer(self.directory / "new")
        self.assertLess(new["fetched"], new["size"] / 2, f"{old['fetched']} of {old['size']} before")

    def test_everybody_else_reads_an_ordinary_layer(self):
        self.check_same_files()
        configs = [json.loads(layout_blob(layout, layout_manifest(layout)["config"]["digest"])) for layout in (self.layout, self.gzip)]
        self.assertEqual(configs[0]["rootfs"], configs[1]["rootfs"])


if __name__ == "__main__":
    raise SystemExit(main())
