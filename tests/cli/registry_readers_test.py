"""Programs that run images take what we pushed from a registry, and run it: docker, and umoci with chroot.

The class Docker ends with 77, which ctest shows as skipped, where dockerd cannot run."""

import json
import os
import subprocess
import sys
import unittest

from docker_daemon import DaemonUnavailable, DockerDaemon
from docker_registry import DockerRegistry
from support import CliTest, main


class Readers(CliTest):
    IMPORT = ["python", "-c", "import tomli; print(tomli.loads('x = 1'))"]

    def setUp(self):
        super().setUp()
        spec = self.locked_spec("minimal")
        registry = self.enterContext(DockerRegistry())
        self.name = f"{registry.host}/team/app:1.0"
        self.digest = self.build(spec, "--locked", "--push", "-t", self.name).out.strip()

    def check_run(self, run_image):
        """run_image(argv): the finished run; without words the image's own command."""
        for argv, said in (([], "hello from a small image\n"), (self.IMPORT, "{'x': 1}\n")):
            done = run_image(argv)
            self.assertEqual((done.returncode, done.stdout), (0, said), done.stderr)


class Docker(Readers):
    def setUp(self):
        try:
            self.daemon = self.enterContext(DockerDaemon())
        except DaemonUnavailable as why:
            self.skipTest(f"no docker daemon can run here: {why}")
        super().setUp()

    def test_it_pulls_and_runs_what_was_pushed(self):
        pulled = self.daemon.docker("pull", self.name)
        self.assertEqual(pulled.returncode, 0, pulled.stderr)
        self.assertIn(self.digest, pulled.stdout)
        self.check_run(lambda argv: self.daemon.docker("run", "--rm", "--network", "none", self.name, *argv))


class Umoci(Readers):
    def tool(self, *argv):
        return subprocess.run([*map(str, argv)], check=True, capture_output=True, text=True, timeout=120).stdout

    def test_it_unpacks_what_skopeo_copied_and_it_runs_there(self):
        is_root = os.geteuid() == 0
        layout, bundle = self.directory / "layout", self.directory / "bundle"
        self.tool("skopeo", "copy", "--preserve-digests", "--src-tls-verify=false", "docker://" + self.name, f"oci:{layout}:1.0")
        self.assertEqual(json.loads((layout / "index.json").read_text())["manifests"][0]["digest"], self.digest)
        self.tool("umoci", "unpack", *([] if is_root else ["--rootless"]), "--image", f"{layout}:1.0", bundle)
        process = json.loads((bundle / "config.json").read_text())["process"]
        self.assertEqual((process["args"], process["cwd"]), (["python", "hello.py"], "/app"))
        enter = ["unshare", *([] if is_root else ["--map-root-user"]), "--net", "chroot", str(bundle / "rootfs")]
        environment = dict(variable.split("=", 1) for variable in process["env"])
        # Without a shell in the image nobody changes to its directory.
        self.check_run(lambda argv: subprocess.run([*enter, *(argv or ["python", "/app/hello.py"])], env=environment, capture_output=True,
                                                   text=True, timeout=60))


if __name__ == "__main__":
    sys.exit(main())
