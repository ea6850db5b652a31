"""Runs the mlbuild program as a user would. MLBUILD names the binary, MLBUILD_TEST_STORE a store that tests may share to
download once."""

import functools
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

from go_tools import SKIPPED

# mlbuild leaves alone what it was started to ignore, as below `nohup` or behind the `&` of a script, and tests send signals.
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, lambda *_: None)  # a program that is started has none of our handlers

ROOT = pathlib.Path(__file__).resolve().parents[2]
MLBUILD = os.environ["MLBUILD"]
SHARED_STORE = pathlib.Path(os.environ.get("MLBUILD_TEST_STORE", "/tmp/mlbuild-test-store"))


def run(*args, cwd=None, env=None, prefix=(), timeout=1200, **kwargs):
    """A finished run with .out, .err as text."""
    environment = dict(os.environ, NO_COLOR="1")
    environment.update(env or {})
    kwargs.setdefault("input", b"")
    done = subprocess.run([*prefix, MLBUILD, *map(str, args)], cwd=cwd, env=environment, capture_output=True, timeout=timeout, **kwargs)
    done.out, done.err = done.stdout.decode(), done.stderr.decode()
    return done


@functools.cache
def _kept():
    return tempfile.TemporaryDirectory(prefix="mlbuild-specs-")


class CliTest(unittest.TestCase):
    """A private work directory with a copy of an example spec."""

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="mlbuild-cli-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def copy_spec(self, name):
        target = self.directory / name
        shutil.copytree(ROOT / "specs" / name, target)
        return target

    def fresh_spec(self, name):
        """A copy whose lock holds the committed pins of Python packages and the Debian versions of today: superseded .debs
        vanish from mirrors, so the committed lock itself may have become unbuildable since."""
        spec = self.copy_spec(name) / "mlbuild.yaml"
        self.assert_ok(run("lock", spec, "--store", SHARED_STORE))
        return spec

    def locked_spec(self, name):
        """The same, locked once for all tests of this process."""
        kept = pathlib.Path(_kept().name) / name
        if not kept.exists():
            shutil.copytree(self.fresh_spec(name).parent, kept)
            shutil.rmtree(self.directory / name)
        return pathlib.Path(shutil.copytree(kept, self.directory / name)) / "mlbuild.yaml"

    def write_spec(self, text, **files):
        (self.directory / "mlbuild.yaml").write_text(text)
        for name, content in files.items():
            path = self.directory / name.replace("__", ".")
            path.write_text(content)
        return self.directory / "mlbuild.yaml"

    def assert_ok(self, done):
        self.assertEqual(done.returncode, 0, f"\nstdout:\n{done.out}\nstderr:\n{done.err}")
        return done

    def assert_fails(self, done, code, *texts):
        """Exit code, every text in the message, a way out, and never our own bug."""
        self.assertEqual(done.returncode, code, f"\nstdout:\n{done.out}\nstderr:\n{done.err}")
        for text in texts:
            self.assertIn(text, done.err)
        self.assertIn("hint:", done.err)
        self.assertNotIn("std::", done.err)
        return done

    def build(self, spec, *args, store=SHARED_STORE, **kwargs):
        return self.assert_ok(run("build", spec, "--store", store, *args, **kwargs))

    def build_as_ordinary_user(self, spec):
        """The finished run of uid 65534, who gets the work directory and a store of his own in it. For root only."""
        binary = shutil.copy(MLBUILD, self.directory / "mlbuild")
        os.chmod(self.directory, 0o755)
        subprocess.run(["chown", "-R", "65534:65534", self.directory], check=True)
        return subprocess.run([os.environ["MLBUILD_IN_OWN_ROOT"], "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--",
                               binary, "build", "--locked", "--store", self.directory / "store", spec],
                              env={**os.environ, "HOME": str(self.directory)}, cwd="/", capture_output=True, text=True)


def layout_blob(layout, digest):
    data = (pathlib.Path(layout) / "blobs" / "sha256" / digest.removeprefix("sha256:")).read_bytes()
    assert "sha256:" + hashlib.sha256(data).hexdigest() == digest
    return data


def layout_manifest(layout):
    index = json.loads((pathlib.Path(layout) / "index.json").read_text())
    return json.loads(layout_blob(layout, index["manifests"][0]["digest"]))


def layout_files(layout):
    """Path -> size of every file of the image, read by an independent reader (tarfile), layers bottom to top."""
    import io
    import tarfile
    files = {}
    for layer in layout_manifest(layout)["layers"]:
        with tarfile.open(fileobj=io.BytesIO(layout_blob(layout, layer["digest"])), mode="r:gz") as tar:
            for member in tar:
                if member.isfile():
                    files[member.name] = member.size
    return files


def main():
    """unittest's, but when every test was skipped the exit code tells so."""
    result = unittest.main(verbosity=2, exit=False).result
    if not result.wasSuccessful():
        return 1
    return SKIPPED if result.skipped and len(result.skipped) >= result.testsRun else 0
