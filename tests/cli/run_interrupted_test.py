"""`mlbuild run` is interrupted while a registry stalls in the middle of a layer: nothing of the image runs yet."""

import gzip
import hashlib
import json
import pathlib
import platform
import signal
import subprocess
import sys
import threading

from loopback_server import Handler, LoopbackServer
from support import MLBUILD, CliTest, main

ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine())


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Answers(Handler):
    def do_GET(self):
        owner = self.owner
        if self.path.endswith(digest(owner.layer)):
            self.send_response(200)
            self.send_header("Content-Length", str(len(owner.layer)))
            self.end_headers()
            self.wfile.write(owner.layer[:10])
            owner.stalled.set()
            self.connection.recv(1)  # until the client goes away
        elif self.path.endswith(digest(owner.config)):
            self.answer(200, owner.config)
        elif "/manifests/" in self.path:
            self.answer(200, owner.manifest, Content_Type="application/vnd.oci.image.manifest.v1+json",
                        Docker_Content_Digest=digest(owner.manifest))
        else:
            self.answer(200, b"{}")

    do_HEAD = do_GET


class StallingRegistry(LoopbackServer):
    """It has one image of one layer, whose bytes never come to an end."""

    def __init__(self):
        super().__init__(Answers)
        self.stalled = threading.Event()
        plain = bytes(1024)
        self.layer = gzip.compress(plain)
        self.config = json.dumps({"architecture": ARCHITECTURE, "os": "linux", "config": {"Cmd": ["/bin/true"]},
                                  "rootfs": {"type": "layers", "diff_ids": [digest(plain)]}}).encode()
        kind = "application/vnd.oci.image"
        self.manifest = json.dumps({
            "schemaVersion": 2, "mediaType": f"{kind}.manifest.v1+json",
            "config": {"mediaType": f"{kind}.config.v1+json", "digest": digest(self.config), "size": len(self.config)},
            "layers": [{"mediaType": f"{kind}.layer.v1.tar+gzip", "digest": digest(self.layer), "size": len(self.layer)}],
        }).encode()


class Interrupted(CliTest):
    def test_it_ends_while_the_image_is_downloaded(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number.name), StallingRegistry() as registry:
                command = [MLBUILD, "run", "--store", self.directory / "store", f"{registry.host}/ml/image:1"]
                with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
                    try:
                        self.assertTrue(registry.stalled.wait(60))
                        process.send_signal(number)
                        _, err = process.communicate(timeout=30)
                    finally:
                        process.kill()
                self.assertEqual(process.returncode, 130, err)
                self.assertIn("interrupted", err)

    def test_signals_that_were_ignored_stay_so(self):
        """As below `nohup`, or for SIGINT behind the `&` of a script."""
        ignored = {signal.SIGINT, signal.SIGHUP}
        with StallingRegistry() as registry:
            command = [MLBUILD, "run", "--store", self.directory / "store", f"{registry.host}/ml/image:1"]
            ignore = lambda: [signal.signal(number, signal.SIG_IGN) for number in ignored]
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=ignore) as process:
                try:
                    self.assertTrue(registry.stalled.wait(60))
                    self.assertLessEqual(ignored, self.ignored_by(process))
                    process.send_signal(signal.SIGTERM)
                    _, err = process.communicate(timeout=30)
                finally:
                    process.kill()
            self.assertEqual(process.returncode, 130, err)

    def ignored_by(self, process):
        """proc(5), "status": a mask in which signal 1 is the lowest bit."""
        lines = pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines()
        mask = next(int(line.split()[1], 16) for line in lines if line.startswith("SigIgn:"))
        return {number for number in signal.valid_signals() if mask >> (number - 1) & 1}


if __name__ == "__main__":
    sys.exit(main())
