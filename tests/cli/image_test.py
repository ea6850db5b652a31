"""The main job on real input: the scikit-learn image is built, read by independent tools, run by chroot, and small."""

import json
import os
import pathlib
import shutil
import subprocess
import unittest

from support import ROOT, SHARED_STORE, CliTest, layout_blob, layout_files, layout_manifest, run

LIMIT_COMPRESSED = 170_000_000
LIMIT_BYTECODE = 56_000_000

# Every source has bytecode at its place, unless it does not compile; of some of them all code objects are compared.
COMPARE = r"""
import importlib.util, marshal, pathlib, types
fields = [name for name in dir(types.CodeType) if name.startswith("co_") and name not in ("co_lines", "co_positions", "co_lnotab")]

def same(a, b):
    if type(a) is not type(b):
        return False
    if isinstance(a, types.CodeType):
        return all(same(getattr(a, name), getattr(b, name)) for name in fields) and list(a.co_positions()) == list(b.co_positions())
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b if isinstance(a, frozenset) else repr(a) == repr(b)

sources = sorted(p for top in ("/usr/lib/python3.11", "/usr/local") for p in pathlib.Path(top).rglob("*.py") if p.is_file() and not p.is_symlink())
compared = without = 0
for number, path in enumerate(sources):
    cached = pathlib.Path(importlib.util.cache_from_source(str(path)))
    if cached.exists() and number % 10:
        continue
    try:
        code = compile(path.read_bytes(), str(path), "exec", dont_inherit=True, optimize=0)
    except Exception:
        assert not cached.exists(), path
        without += 1
        continue
    data = cached.read_bytes()
    assert data[:8] == importlib.util.MAGIC_NUMBER + b"\1\0\0\0", path
    assert data[8:16] == importlib.util.source_hash(path.read_bytes()), path
    assert same(marshal.loads(data[16:]), code), path
    compared += 1
print(len(sources), compared, without)
"""


class SklearnImage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.work = pathlib.Path(os.environ["MLBUILD_TEST_STORE"]).parent / "sklearn-image"
        shutil.rmtree(cls.work, ignore_errors=True)
        cls.work.mkdir(parents=True)
        cls.layout = cls.work / "layout"
        shutil.copytree(ROOT / "specs/sklearn-train", cls.work / "spec")
        cls.spec = cls.work / "spec/mlbuild.yaml"
        locked = run("lock", cls.spec, "--store", SHARED_STORE)  # the Debian versions of today
        assert locked.returncode == 0, locked.err
        done = run("build", cls.spec, "--locked", "--store", SHARED_STORE, "-o", f"oci:{cls.layout}", "-t", "sklearn-train:test")
        assert done.returncode == 0, done.err
        cls.digest = done.out.strip()
        subprocess.run(["umoci", "unpack", *([] if os.geteuid() == 0 else ["--rootless"]), "--image", f"{cls.layout}:test", cls.work / "bundle"], check=True, capture_output=True)
        cls.rootfs = cls.work / "bundle/rootfs"

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.work, ignore_errors=True)

    def in_root(self, *argv):
        """Runs in the unpacked root, without the host's Python, environment or network."""
        config = json.loads((self.work / "bundle/config.json").read_text())
        env = ["env", "-i", *config["process"]["env"]]
        return subprocess.run(["unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--net", "chroot", str(self.rootfs), "/usr/bin/env", "-i", *config["process"]["env"],
                               "/bin/sh", "-c", 'cd /app && exec "$@"', "sh", *argv], capture_output=True, text=True, timeout=300)

    def test_it_trains_and_prints_its_score(self):
        done = self.in_root("python", "-m", "pipeline.main")
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        self.assertTrue(lines, done.stdout)

    def test_what_was_asked_for_imports(self):
        done = self.in_root("python", "-c", "import sklearn, pandas, numpy, mlflow, boto3, pandera, dvc; print('ok')")
        self.assertEqual((done.returncode, done.stdout), (0, "ok\n"), done.stderr)

    def test_installed_metadata_is_consistent(self):
        """importlib.metadata sees every wheel once, and every requirement of the environment is met."""
        done = self.in_root("python", "-c", "import importlib.metadata as m; print(len({d.metadata['Name'].lower() for d in m.distributions()}), len(list(m.distributions())))")
        self.assertEqual(done.returncode, 0, done.stderr)
        names, distributions = done.stdout.split()
        self.assertEqual(names, distributions)

    def test_it_is_small(self):
        manifest = layout_manifest(self.layout)
        history = json.loads(layout_blob(self.layout, manifest["config"]["digest"]))["history"]
        sizes = [(layer["size"], step["created_by"].startswith("bytecode ")) for layer, step in zip(manifest["layers"], history, strict=True)]
        self.assertLessEqual(sum(size for size, is_bytecode in sizes if not is_bytecode), LIMIT_COMPRESSED)
        self.assertLessEqual(sum(size for size, is_bytecode in sizes if is_bytecode), LIMIT_BYTECODE)
        self.assertLessEqual(len(sizes), 64)

    def test_what_compiles_has_bytecode_and_it_is_the_code_of_its_source(self):
        done = self.in_root("python", "-I", "-W", "ignore", "-c", COMPARE)
        self.assertEqual(done.returncode, 0, done.stderr)
        checked, compared, without = map(int, done.stdout.split())
        self.assertGreater(checked, 8000)
        self.assertGreater(compared, 500)
        self.assertLess(without, 20)  # templates and the like, which do not compile

    def test_imports_cost_at_most_half_of_what_they_cost_without_bytecode(self):
        def seconds(module, *options):
            code = f"import time, {module}; print(time.process_time())"
            runs = [self.in_root("python", *options, "-c", code) for _ in range(3)]
            self.assertEqual({done.returncode for done in runs}, {0}, runs[0].stderr)
            return sorted(float(done.stdout) for done in runs)[1]
        for module in ("pandas", "sklearn.ensemble"):
            with_bytecode, without = seconds(module), seconds(module, "-B", "-X", "pycache_prefix=/nowhere")
            print(f"import {module}: {with_bytecode:.2f} s of CPU, {without:.2f} without bytecode")
            self.assertLessEqual(with_bytecode, 0.5 * without)

    def test_it_holds_no_compiler_pip_jupyter_package_or_cache(self):
        files = layout_files(self.layout)
        self.assertGreater(len(files), 10_000)
        for name in files:
            base = name.rsplit("/", 1)[-1]
            self.assertNotIn(base, {"gcc", "g++", "cc", "cc1", "pip", "pip3", "jupyter", "ld"}, name)
            self.assertFalse(base.endswith((".deb", ".whl")), name)
            self.assertFalse("/site-packages/pip/" in name or "/site-packages/jupyter" in name, name)
            self.assertFalse(name.startswith(("var/cache/apt", "var/lib/apt/lists", "root/.cache")), name)

    def test_skopeo_copies_it_to_dir_and_to_zstd(self):
        for extra, target in (([], "dir:" + str(self.work / "dir")), (["--dest-compress-format", "zstd"], "oci:" + str(self.work / "zstd") + ":test")):
            done = subprocess.run(["skopeo", "copy", "--insecure-policy", *extra, f"oci:{self.layout}:test", target], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_docker_archive_is_read_by_skopeo_with_the_same_diff_ids(self):
        archive = self.work / "image.tar"
        done = run("build", self.spec, "--locked", "--store", SHARED_STORE, "-o", f"docker:{archive}", "-t", "sklearn-train:test")
        self.assertEqual(done.returncode, 0, done.err)
        shown = subprocess.run(["skopeo", "inspect", "--config", f"docker-archive:{archive}"], capture_output=True, text=True)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        manifest = layout_manifest(self.layout)
        config = json.loads(layout_blob(self.layout, manifest["config"]["digest"]))
        self.assertEqual(json.loads(shown.stdout)["rootfs"]["diff_ids"], config["rootfs"]["diff_ids"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
