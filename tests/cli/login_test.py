"""login and logout: the registry is asked, the file is private, and the password comes up nowhere."""

import base64
import http.server
import json
import os
import resource
import signal
import subprocess
import threading
import unittest

from support import MLBUILD, CliTest, run

PASSWORD = "pw-s3cr3t-canary"


class Door(http.server.BaseHTTPRequestHandler):
    """A registry that lets user:PASSWORD in."""

    def do_GET(self):
        wanted = "Basic " + base64.b64encode(f"user:{PASSWORD}".encode()).decode()
        let_in = self.path == "/v2/" and self.headers.get("Authorization") == wanted
        self.send_response(200 if let_in else 401)
        if not let_in:
            self.send_header("WWW-Authenticate", 'Basic realm="door"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


class Login(CliTest):
    def setUp(self):
        super().setUp()
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.host = f"127.0.0.1:{server.server_address[1]}"
        self.file = self.directory / "auth.json"
        self.environment = dict(os.environ, REGISTRY_AUTH_FILE=str(self.file), HOME=str(self.directory), NO_COLOR="1")

    def login(self, password, *more):
        done = subprocess.run([MLBUILD, *more, "login", "-u", "user", "--password-stdin", self.host], input=password.encode(),
                              env=self.environment, capture_output=True, timeout=60)
        done.out, done.err = done.stdout.decode(), done.stderr.decode()
        self.assertNotIn("canary", done.out + done.err)
        return done

    def test_a_right_password_is_kept_for_the_owner_only(self):
        done = self.assert_ok(self.login(PASSWORD + "\n", "--format=json"))
        self.assertEqual(json.loads(done.out), {"registry": self.host, "file": str(self.file), "checked": True})
        self.assertEqual(self.file.stat().st_mode & 0o777, 0o600)
        entry = json.loads(self.file.read_text())["auths"][self.host]
        self.assertEqual(base64.b64decode(entry["auth"]).decode(), f"user:{PASSWORD}")

    def test_a_wrong_password_is_not_kept(self):
        self.assert_fails(self.login("wrong-canary"), 3, self.host, "401", "nothing was kept")
        self.assertFalse(self.file.exists())

    def test_logout_forgets(self):
        self.assert_ok(self.login(PASSWORD))
        self.assert_ok(run("logout", self.host, env=self.environment))
        self.assertEqual(json.loads(self.file.read_text()), {"auths": {}})
        self.assert_fails(run("logout", self.host, env=self.environment), 2, "no login")

    def test_with_json_there_is_one_document(self):
        self.environment["DOCKER_AUTH_CONFIG"] = "no json"  # it comes after the file, and is looked at to warn only
        done = self.assert_ok(self.login(PASSWORD, "--format=json"))
        self.assertEqual(json.loads(done.out)["registry"], self.host)
        self.assertEqual(list(json.loads(self.file.read_text())["auths"]), [self.host])
        done = self.assert_ok(run("logout", self.host, "--format", "json", env=self.environment))
        self.assertEqual(json.loads(done.out), {"registry": self.host, "files": [str(self.file)]})
        self.assertIn("warning: what else keeps logins could not be asked", done.err)
        done = self.assert_fails(run("logout", self.host, "--format", "json", env=self.environment), 2, "no login")
        self.assertEqual(list(json.loads(done.out)), ["error"])

    def test_quiet_is_not_silent_about_warnings(self):
        self.environment["DOCKER_AUTH_CONFIG"] = json.dumps({"auths": {self.host: {"auth": base64.b64encode(b"other:other").decode()}}})
        self.assertIn("credentials are still found", self.login_and_out("-q").err)

    def login_and_out(self, *more):
        self.assert_ok(self.login(PASSWORD, *more))
        return self.assert_ok(run(*more, "logout", self.host, env=self.environment))

    def test_a_failing_helper_fails_though_the_parent_ignored_its_children(self):
        """Which programs inherit: the kernel reaps their children then, and nobody learns how they ended."""
        helper = self.directory / "docker-credential-sick"
        helper.write_text(f"""#!/bin/sh\necho '{{"Username": "user", "Secret": "{PASSWORD}"}}'; echo its keyring is locked >&2; exit 3\n""")
        helper.chmod(0o755)
        self.file.write_text(json.dumps({"credHelpers": {self.host: "sick"}}))
        environment = dict(self.environment, PATH=f"{self.directory}:{os.environ['PATH']}")
        done = run("inspect", f"{self.host}/image:1", env=environment, preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
        self.assertEqual(done.returncode, 1, done.err)
        self.assertIn("its keyring is locked", done.err)

    def test_we_may_open_more_files_than_the_helpers_that_we_start(self):
        seen = self.directory / "seen"
        helper = self.directory / "docker-credential-look"
        helper.write_text(f"""#!/bin/sh\n(grep "open files" /proc/$PPID/limits; grep "open files" /proc/$$/limits) > {seen}\nexit 3\n""")
        helper.chmod(0o755)
        self.file.write_text(json.dumps({"credHelpers": {self.host: "look"}}))
        environment = dict(self.environment, PATH=f"{self.directory}:{os.environ['PATH']}")
        run("inspect", f"{self.host}/image:1", env=environment,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (200, 300)))
        ours, helpers = [line.split()[3:5] for line in seen.read_text().splitlines()]
        self.assertEqual((ours, helpers), (["300", "300"], ["200", "300"]))

    def test_without_a_terminal_the_password_must_be_piped(self):
        self.assert_fails(run("login", "-u", "user", self.host, env=self.environment), 2, "--password-stdin")


if __name__ == "__main__":
    unittest.main()
