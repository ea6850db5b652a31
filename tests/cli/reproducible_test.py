"""One lock, one digest: whatever the cache, umask, time zone, locale, home, directory, thread count and user."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from support import MLBUILD, ROOT, SHARED_STORE, CliTest, run


class Reproducible(CliTest):
    def setUp(self):
        super().setUp()
        self.spec = self.fresh_spec("sklearn-train")

    def digest(self, *args, spec=None, store=SHARED_STORE, **kwargs):
        return self.build(spec or self.spec, "--locked", *args, store=store, **kwargs).out.strip()

    def test_the_digest_depends_on_the_lock_only(self):
        reference = self.digest("--threads", "8")
        elsewhere = self.directory / "elsewhere"
        shutil.copytree(self.spec.parent, elsewhere)
        runs = {
            "an empty store, one thread": lambda: self.digest("--threads", "1", store=self.directory / "one"),
            "another empty store, umask 077": lambda: self.digest(store=self.directory / "two", prefix=["sh", "-c", 'umask 077; exec "$@"', "sh"]),
            "made again, another time zone and locale": lambda: self.digest("--force", env={"TZ": "Asia/Kathmandu", "LANG": "tr_TR.UTF-8", "LC_ALL": "C"}),
            "an empty store, four threads and interpreters": lambda: self.digest("--threads", "4", store=self.directory / "four", env={"PYTHONHASHSEED": "7"}),
            "made again, another home and directory": lambda: self.digest("--force", spec=elsewhere / "mlbuild.yaml", cwd="/", env={"HOME": str(self.directory)}),
        }
        for name, build in runs.items():
            with self.subTest(name):
                self.assertEqual(build(), reference)
        image = json.loads(self.build(self.spec, "--locked", "--format", "json").out)["images"][0]
        self.assertIn("bytecode", {layer["created_by"].split()[0] for layer in image["layers"]})

    @unittest.skipUnless(os.geteuid() == 0, "only root can become somebody else; an ordinary user's run is the other half already")
    def test_an_ordinary_user_gets_the_digest_of_root(self):
        reference = self.digest()
        home = pathlib.Path(tempfile.mkdtemp(prefix="mlbuild-user-", dir="/tmp"))
        self.addCleanup(shutil.rmtree, home, ignore_errors=True)
        shutil.copytree(self.spec.parent, home / "spec")
        binary = home / "mlbuild"
        shutil.copy(MLBUILD, binary)
        subprocess.run(["chown", "-R", "65534:65534", home], check=True)
        done = subprocess.run([os.environ["MLBUILD_IN_OWN_ROOT"], "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--", binary, "build", "--locked",
                               home / "spec/mlbuild.yaml", "--store", home / "store"],
                              env={"PATH": os.environ["PATH"], "HOME": str(home), **{k: v for k, v in os.environ.items() if "CERT" in k or "CA_" in k}},
                              cwd="/", capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.strip(), reference)


if __name__ == "__main__":
    unittest.main(verbosity=2)
