"""Bases that mlbuild did not make: layouts, archives, registries, with Debian's own Python, split /usr and zstd layers."""

import json
import subprocess
import unittest

from docker_registry import DockerRegistry
from foreign_base import blob_in, debian_root, run_in, sh, wrap
from support import SHARED_STORE, CliTest, layout_blob, layout_files, layout_manifest, run

SPEC = """version: 1
name: on-top
base: {{{base}}}
requirements: {{runtime: [idna==3.7]}}
app: [{{from: app, to: /app}}]
config: {{env: {{MODE: "2"}}, cmd: [python3, /app/main.py]}}
"""


class BaseTest(CliTest):
    """With the example `minimal`, locked once for all tests."""

    fresh_lock = None

    def setUp(self):
        super().setUp()
        if BaseTest.fresh_lock is None:
            BaseTest.fresh_lock = self.fresh_spec("minimal").with_suffix(".lock").read_text()
        else:
            self.copy_spec("minimal")
        self.minimal = self.directory / "minimal/mlbuild.yaml"
        self.minimal.with_suffix(".lock").write_text(BaseTest.fresh_lock)


class BaseImage(BaseTest):
    """One image of mlbuild as base, in every form that a base may have."""

    def setUp(self):
        super().setUp()
        (self.directory / "app").mkdir()
        (self.directory / "app/main.py").write_text("import idna, tomli; print(idna.__version__, tomli.__name__)\n")

    def make_base(self, *outputs):
        arguments = [word for output in outputs for word in ("-o", output)]
        return self.build(self.minimal, "-t", "base:1", *arguments)

    def spec(self, base, extra="", name="mlbuild.yaml"):
        path = self.directory / name
        path.write_text(SPEC.format(base=base) + extra)
        return path

    def test_layout_archive_and_registry_give_one_image(self):
        self.make_base(f"oci:{self.directory}/base", f"docker:{self.directory}/base.tar")
        with DockerRegistry() as registry:
            self.build(self.minimal, "--push", "-t", f"{registry.host}/team/base:1")
            bases = ["oci: base", 'oci: "base:1"', "archive: base.tar", f'image: "{registry.host}/team/base:1"']
            digests = set()
            for number, base in enumerate(bases):
                done = self.build(self.spec(base), "-t", "top:1", "-o", f"oci:{self.directory}/out{number}")
                digests.add(done.out)
            self.assertEqual(len(digests), 1)
            out = self.directory / "out0"
            base_layers = [layer["digest"] for layer in layout_manifest(self.directory / "base")["layers"]]
            layers = layout_manifest(out)["layers"]
            self.assertEqual([layer["digest"] for layer in layers][:len(base_layers)], base_layers)
            self.assertTrue(all("annotations" not in layer for layer in layers[:len(base_layers)]))
            self.assertEqual(run_in(f"{out}:1", self.directory / "bundle", "/usr/local/bin/python3", "/app/main.py"),
                             "3.7 tomli\n")
            config = json.loads(layout_blob(out, layout_manifest(out)["config"]["digest"]))
            self.assertEqual(config["config"]["WorkingDir"], "/app")
            self.assertIn("MODE=2", config["config"]["Env"])
            self.assertEqual(len(config["history"]), len(layers))
            sh("skopeo", "inspect", f"oci:{out}:1")

    def test_a_push_to_the_base_s_registry_moves_no_base_layer(self):
        with DockerRegistry() as registry:
            self.build(self.minimal, "--push", "-t", f"{registry.host}/team/base:1")
            spec = self.spec(f'image: "{registry.host}/team/base:1"', "python: {bytecode: false}\n")
            self.assert_ok(run("lock", spec, "--store", SHARED_STORE))
            base_layers = [layer["digest"] for layer in json.loads(spec.with_suffix(".lock").read_text())["images"][0]["base"]["image"]["layers"]]
            fresh = self.directory / "fresh-store"
            mark = len(registry.requests())
            self.build(spec, "--locked", "--push", "-t", f"{registry.host}/team/top:1", store=fresh)
            requests = registry.requests()[mark:]
            for digest in base_layers:
                self.assertFalse([r for r in requests if r[0] == "GET" and digest in r[1]], requests)
                self.assertFalse((fresh / "blobs/sha256" / digest.removeprefix("sha256:")).exists())
            self.assertFalse([r for r in requests if "/team/base/manifests/" in r[1]], "--locked asks for no tag")
            mounts = [r for r in requests if r[0] == "POST" and r[2] == 201]
            self.assertEqual(len(mounts), len(base_layers))
            sh("skopeo", "inspect", "--tls-verify=false", f"docker://{registry.host}/team/top:1")
            # Another registry: streamed, past the disk.
            with DockerRegistry() as other:
                self.build(spec, "--locked", "--push", "-t", f"{other.host}/team/top:1", store=fresh)
                same = [json.loads(sh("skopeo", "inspect", "--tls-verify=false", f"docker://{host}/team/top:1"))["Digest"]
                        for host in (registry.host, other.host)]
                self.assertEqual(same[0], same[1])
            for digest in base_layers:
                self.assertFalse((fresh / "blobs/sha256" / digest.removeprefix("sha256:")).exists())

    def test_base_layers_are_fetched_once_for_bytecode_that_must_be_made(self):
        with DockerRegistry() as registry:
            self.build(self.minimal, "--push", "-t", f"{registry.host}/team/base:1")
            spec = self.spec(f'image: "{registry.host}/team/base:1"')
            self.assert_ok(run("lock", spec, "--store", SHARED_STORE))
            base_layers = {layer["digest"] for layer in json.loads(spec.with_suffix(".lock").read_text())["images"][0]["base"]["image"]["layers"]}

            def fetched(store):
                mark = len(registry.requests())
                self.build(spec, "--locked", "--push", "-t", f"{registry.host}/team/top:1", store=store)
                return sorted(r[1].rsplit("/", 1)[1] for r in registry.requests()[mark:] if r[0] == "GET" and r[1].rsplit("/", 1)[1] in base_layers)
            self.assertEqual(fetched(self.directory / "one"), sorted(base_layers))
            (self.directory / "app/main.py").write_text("print('changed')\n")
            self.assertEqual(fetched(self.directory / "one"), [])  # the store knows it
            (self.directory / "app/main.py").write_text("print('changed again')\n")
            self.assertEqual(fetched(self.directory / "two"), [])  # the registry knows it

    def test_a_moved_tag_is_read_again_by_upgrade_all_only(self):
        with DockerRegistry() as registry:
            name = f"{registry.host}/team/base:1"
            self.build(self.minimal, "--push", "-t", name)
            spec = self.spec(f'image: "{name}"')
            lock = spec.with_suffix(".lock")
            first = self.build(spec).out
            (self.minimal.parent / "hello.py").write_text("print('another base')\n")
            self.build(self.minimal, "--push", "-t", name)
            self.assertEqual(self.build(spec, "--locked").out, first)
            before = lock.read_text()
            self.assert_ok(run("lock", spec, "--store", SHARED_STORE))
            self.assertEqual(lock.read_text(), before)
            self.assert_ok(run("lock", "--upgrade-all", spec, "--store", SHARED_STORE))
            self.assertNotEqual(lock.read_text(), before)
            self.assertNotEqual(self.build(spec, "--locked").out, first)

    def test_files_that_changed_since_the_lock_are_told(self):
        self.make_base(f"oci:{self.directory}/base")
        spec = self.spec("oci: base")
        self.build(spec)
        self.assertIn("base layer 1/5", run("plan", spec, "--store", SHARED_STORE).out)
        (self.minimal.parent / "hello.py").write_text("print('another base')\n")
        self.make_base(f"oci:{self.directory}/base")
        self.assert_fails(run("build", spec, "--store", SHARED_STORE), 2, "is not the one that the lock knows", "mlbuild lock")
        self.assert_ok(run("lock", spec, "--store", SHARED_STORE))
        self.build(spec)

    def test_a_project_of_the_base_is_replaced_as_a_whole(self):
        self.make_base(f"oci:{self.directory}/base")
        spec = self.directory / "mlbuild.yaml"
        spec.write_text(SPEC.format(base="oci: base").replace("idna==3.7", "idna==3.7, tomli==2.0.2"))
        self.build(spec, "-o", f"oci:{self.directory}/out", "-t", "top:1")
        seen = "import importlib.metadata as m; print([d.version for d in m.distributions() if d.name == 'tomli'])"
        printed = run_in(f"{self.directory}/out:1", self.directory / "bundle", "/usr/local/bin/python3", "-c", seen)
        self.assertEqual(printed, "['2.0.2']\n")

    def test_a_source_distribution_is_built_for_the_base(self):
        self.make_base(f"oci:{self.directory}/base")
        spec = self.directory / "mlbuild.yaml"
        spec.write_text(SPEC.format(base="oci: base").replace("idna==3.7", "docopt==0.6.2") + "python: {sdists: [docopt]}\n")
        first = self.build(spec, "-o", f"oci:{self.directory}/out", "-t", "top:1")
        self.assertEqual(run_in(f"{self.directory}/out:1", self.directory / "bundle", "/usr/local/bin/python3", "-c",
                                "import docopt; print(docopt.__version__)"), "0.6.2\n")
        self.assertEqual(self.build(spec, "--force").out, first.out)
        self.assertFalse(self.build_root(spec) & {"dash", "coreutils", "perl-base", "tzdata", "ca-certificates"})
        spec.write_text(spec.read_text() + "system: {build: [dash]}\n")
        self.assert_ok(run("lock", spec, "--store", SHARED_STORE))
        self.assertTrue(self.build_root(spec) >= {"dash", "coreutils", "perl-base", "ca-certificates"})

    @staticmethod
    def build_root(spec):
        return {package["name"] for package in json.loads(spec.with_suffix(".lock").read_text())["images"][0]["system"]["build"]}

    def test_scratch_holds_the_application_only(self):
        spec = self.write_spec("version: 1\nname: tool\nbase: scratch\napp: [{from: app, to: /app}]\nconfig: {cmd: [/app/main.py]}\n")
        self.build(spec, "-o", f"oci:{self.directory}/out", "-t", "tool:1")
        self.assertEqual(list(layout_files(self.directory / "out")), ["app/main.py"])


class DebianBase(BaseTest):
    """Roots that Debian's own tools made: no venv, a dpkg database in one file."""

    def setUp(self):
        super().setUp()
        packages = json.loads(self.minimal.with_suffix(".lock").read_text())["images"][0]["base"]["packages"]
        if not all(blob_in(SHARED_STORE, package["sha256"]).exists() for package in packages):
            self.build(self.minimal, "--force")  # brings all .debs into the store
        (self.directory / "app").mkdir()
        (self.directory / "app/main.py").write_text(
            "import ctypes, idna, sys; ctypes.CDLL('libgomp.so.1'); print(idna.__version__, idna.__file__)\n")

    def root(self, **kwargs):
        root = self.directory / "root"
        debian_root(root, self.minimal.with_suffix(".lock"), SHARED_STORE, **kwargs)
        return root

    def build_on(self, base, out):
        spec = self.directory / "mlbuild.yaml"
        spec.write_text(SPEC.format(base=base) + "system: {runtime: [libgomp1]}\n")
        done = self.build(spec, "-o", f"oci:{out}", "-t", "top:1")
        return done.out, json.loads(spec.with_suffix(".lock").read_text())["images"][0]

    def check(self, out):
        printed = run_in(f"{out}:1", self.directory / "bundle", "/usr/bin/python3", "/app/main.py")
        self.assertEqual(printed, "3.7 /usr/local/lib/python3.11/dist-packages/idna/__init__.py\n")
        rootfs = self.directory / "bundle/rootfs"
        status = (rootfs / "var/lib/dpkg/status").read_text()
        for package in ("libc6", "libgomp1"):
            self.assertEqual(status.count(f"Package: {package}\n"), 1)
        if subprocess.run(["which", "dpkg-query"], capture_output=True).returncode == 0:
            listed = sh("dpkg-query", f"--admindir={rootfs}/var/lib/dpkg", "-W", "libgomp1", "libc6")
            self.assertEqual(len(listed.splitlines()), 2)

    def test_merged_root_with_gzip_and_zstd_layers(self):
        wrap(self.directory / "base", self.root(merged=True))
        sh("skopeo", "copy", "--dest-compress-format", "zstd", f"oci:{self.directory}/base:base", f"oci:{self.directory}/zstd:base")
        _, locked = self.build_on("oci: base", self.directory / "out")
        self.assertEqual(locked["interpreter"]["path"], "/usr/bin/python3")
        self.assertRegex(locked["interpreter"]["full_version"], r"^3\.11\.\d+$")
        self.assertEqual(locked["interpreter"]["glibc"], "2.36")
        self.assertEqual(locked["base"]["image"]["debian"]["database"], "status")
        self.assertEqual([deb["name"] for deb in locked["system"]["runtime"]], ["libgomp1"])
        self.check(self.directory / "out")
        _, zstd = self.build_on("oci: zstd", self.directory / "zstd-out")
        self.assertTrue(zstd["base"]["image"]["layers"][0]["media_type"].endswith("+zstd"))
        self.assertEqual(zstd["interpreter"], locked["interpreter"])

    def test_split_root_in_a_docker_archive_stays_split(self):
        wrap(self.directory / "base", self.root(merged=False))
        sh("skopeo", "copy", f"oci:{self.directory}/base:base", f"docker-archive:{self.directory}/base.tar:base:1")
        _, locked = self.build_on("archive: base.tar", self.directory / "out")
        self.assertFalse(locked["base"]["image"]["debian"]["merged_usr"])
        self.check(self.directory / "out")
        self.assertFalse((self.directory / "bundle/rootfs/lib").is_symlink())

    def test_a_package_that_needs_a_newer_one_names_both(self):
        root = self.directory / "root"
        for path, text in (("etc/os-release", "ID=debian\nVERSION_CODENAME=bookworm\n"),
                           ("var/lib/dpkg/status", "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.31-13\n")):
            (root / path).parent.mkdir(parents=True)
            (root / path).write_text(text)
        wrap(self.directory / "base", root)
        spec = self.write_spec("version: 1\nname: top\nbase: {oci: base}\nsystem: {runtime: [libgomp1]}\n")
        self.assert_fails(run("lock", spec, "--store", SHARED_STORE), 2, "mlbuild.yaml:4:20", "libc6 (>= ", "`libc6` 2.31-13")


if __name__ == "__main__":
    unittest.main(verbosity=2)
