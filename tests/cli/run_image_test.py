"""`check:` and `mlbuild run`: the image is tried and started in the sandbox, without docker."""

import os
import shutil
import signal
import subprocess
import time
import unittest

from support import MLBUILD, SHARED_STORE, CliTest, run


class Image(CliTest):
    def setUp(self):
        super().setUp()
        self.spec = self.fresh_spec("minimal")

    def add(self, text):
        self.spec.write_text(self.spec.read_text() + text)

    def write_app(self, text):
        (self.spec.parent / "hello.py").write_text(text)

    def outputs(self):
        return list(self.directory.glob("layout"))

    def start(self, *args, **kwargs):
        return run("run", "--store", SHARED_STORE, self.spec, *args, **kwargs)


class Check(Image):
    def test_what_works_is_tried_once(self):
        self.add("check:\n  imports: [tomli, hello]\n  command: [python, hello.py]\n")
        self.write_app(f"print({str(self.directory)!r})\n")  # an image that nobody has tried before
        self.assertIn("checking that the image works", self.build(self.spec).err)
        self.assertNotIn("checking", self.build(self.spec).err)
        self.assertIn("checking that the image works", self.build(self.spec, "--force").err)

    def test_an_import_that_fails_names_traceback_layer_and_line_and_publishes_nothing(self):
        self.add("check:\n  imports:\n    - tomli\n    - hello\n    - not_there\n")
        self.write_app("import pkg_resources\n")
        done = run("build", self.spec, "--store", SHARED_STORE, "-o", f"oci:{self.directory}/layout")
        self.assert_fails(done, 4, "`import hello` fails in the image", "mlbuild.yaml:14:7", 'File "/app/hello.py", line 1',
                          "No module named 'pkg_resources'", "comes from the layer `app", "`import not_there` fails",
                          "mlbuild.yaml:15:7")
        self.assertNotIn("`import tomli`", done.err)
        self.assertEqual(self.outputs(), [])

    def test_an_import_that_kills_python_is_named(self):
        self.add("check: {imports: [tomli, hello]}\n")
        self.write_app("import os; os.kill(os.getpid(), 11)\n")
        done = run("build", self.spec, "--store", SHARED_STORE)
        self.assert_fails(done, 4, "`import hello` does not come back", "signal 11")

    def test_a_command_that_fails_shows_its_last_words(self):
        self.add("check: {command: [python, hello.py, --dry-run]}\n")
        self.write_app("import sys\nprint('said', sys.argv[1:])\nsys.exit('no data')\n")
        done = run("build", self.spec, "--store", SHARED_STORE, "-o", f"oci:{self.directory}/layout")
        self.assert_fails(done, 4, "`python hello.py --dry-run` ended with status 1", "mlbuild.yaml:11:18",
                          "said ['--dry-run']", "no data")
        self.assertEqual(self.outputs(), [])

    def test_the_network_and_the_host_are_out_of_reach(self):
        self.add("check: {command: [python, hello.py]}\n")
        self.write_app("import os, socket, sys\n"
                       f"assert not os.path.exists({str(self.directory)!r})\n"
                       "assert 'MLBUILD' not in os.environ, os.environ\n"
                       "try: socket.create_connection(('192.0.2.1', 80), 5)\n"
                       "except OSError as error: assert error.errno == 101, error\n"
                       "else: sys.exit('connected')\n")
        self.build(self.spec)

    def test_names_that_are_no_modules_are_told(self):
        self.add("check: {imports: [scikit-learn, 'a b', .x], command: ['']}\n")
        done = run("build", self.spec, "--store", SHARED_STORE)
        self.assert_fails(done, 2, "`scikit-learn` is no module's name", "`a b`", "`.x`", "`check.command` has no program",
                          "4 mistakes found")


class Run(Image):
    def test_the_image_starts_as_it_says(self):
        self.add("  env: {GREETING: hello}\n")  # below config, which ends the example
        self.write_app("import os, sys, tomli\n"
                       "print(os.getcwd(), os.environ['GREETING'], sys.argv, os.environ.get('MLBUILD'), sys.stdin.read())\n")
        done = self.assert_ok(self.start())
        self.assertEqual(done.out, "/app hello ['hello.py'] None \n")

    def test_arguments_take_the_place_of_cmd_and_its_status_is_ours(self):
        done = self.start("--env", "A=1", "--env", "HOME", "--", "python", "-c",
                          "import os, sys; print(os.environ['A'], os.environ['HOME']); sys.exit(41)", "--", "-h")
        self.assertEqual((done.returncode, done.out), (41, f"1 {os.environ['HOME']}\n"))

    def test_mounts_may_be_written_and_the_image_not_changed(self):
        data = self.directory / "data"
        data.mkdir()
        (data / "in").write_text("given")
        program = ("import pathlib as p; p.Path('/data/out').write_text(p.Path('/data/in').read_text());"
                   "print(p.Path('/app/left').exists()); p.Path('/app/left').write_text('x')")
        for _ in range(2):
            self.assertEqual(self.assert_ok(self.start("--mount", f"{data}:/data", "--", "python", "-c", program)).out, "False\n")
        self.assertEqual((data / "out").read_text(), "given")
        refused = self.start("--mount", f"{data}:/data:ro", "--", "python", "-c", "open('/data/out', 'w')")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("Read-only file system", refused.err)

    def test_no_network_where_none_is_wanted(self):
        program = "import socket\ntry: socket.create_connection(('192.0.2.1', 80), 5)\nexcept OSError as e: print(e.errno)"
        self.assertEqual(self.assert_ok(self.start("--network", "none", "--", "python", "-c", program)).out, "101\n")

    def test_the_configured_user_is_who_runs(self):
        self.add("  user: '1000:100'\n")
        done = self.assert_ok(self.start("--", "python", "-c", "import os; print(os.getuid(), os.getgid())"))
        self.assertEqual(done.out, "1000 100\n")

    def test_memory_above_the_limit_ends_it_and_says_why(self):
        done = self.start("--memory", "100m", "--", "python", "-c", "x = bytearray(1 << 30); x[::4096] = b'1' * len(x[::4096])")
        self.assertEqual(done.returncode, 137)
        self.assertIn("more memory than `--memory 100m`", done.err)

    def test_signals_reach_the_program(self):
        program = ("import signal, sys, time\n"
                   "signal.signal(signal.SIGTERM, lambda *_: (print('asked to end'), sys.exit(3)))\n"
                   "print('ready', flush=True)\nwhile True: time.sleep(0.05)\n")
        for number, code, last in ((signal.SIGTERM, 3, "asked to end"), (signal.SIGINT, 130, "")):
            with subprocess.Popen([MLBUILD, "run", "--store", SHARED_STORE, self.spec, "--", "python", "-c", program],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
                self.assertEqual(process.stdout.readline(), "ready\n")
                process.send_signal(number)
                out, err = process.communicate(timeout=60)
            self.assertEqual((process.returncode, out.strip()), (code, last), err)

    def test_the_death_of_mlbuild_ends_the_program(self):
        alive = self.directory / "alive"
        alive.mkdir()
        program = "import time\nwhile True: open('/alive/beat', 'a').write('x'); time.sleep(0.02)\n"
        with subprocess.Popen([MLBUILD, "run", "--store", SHARED_STORE, "--mount", f"{alive}:/alive", self.spec, "--",
                               "python", "-c", program]) as process:
            self.wait_until(lambda: (alive / "beat").exists())
            process.kill()
        self.wait_until(lambda: self.is_still(alive / "beat"))

    def wait_until(self, condition):
        end = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)

    def is_still(self, path):
        size = path.stat().st_size
        time.sleep(0.3)
        return path.stat().st_size == size

    def test_what_makes_no_sense_is_told_before_anything_runs(self):
        self.assert_fails(self.start("--memory", "much"), 2, "`--memory` is `much`")
        self.assert_fails(self.start("--mount", "data"), 2, "is not HOST:INSIDE")
        self.assert_fails(self.start("--mount", "nowhere:/data"), 2, "there is no `nowhere`")
        self.assert_fails(self.start("--env", "=x"), 2, "has no name")
        self.assert_fails(self.start("--env", "NOT_SET_HERE"), 2, "has no value here")
        self.assert_fails(self.start("--", "nosuchprogram"), 1, "nosuchprogram")

    @unittest.skipUnless(os.geteuid() == 0, "is an ordinary user already: all of the above shows it")
    def test_an_ordinary_user_runs_it_too(self):
        os.chmod(self.directory, 0o755)
        binary = shutil.copy(MLBUILD, self.directory / "mlbuild")
        subprocess.run(["chown", "-R", "65534:65534", self.directory], check=True)
        done = subprocess.run([os.environ["MLBUILD_IN_OWN_ROOT"], "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--",
                               binary, "run", "--store", self.directory / "store", self.spec],
                              env={**os.environ, "HOME": str(self.directory)}, cwd="/", capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, "hello from a small image\n"), done.stderr)


if __name__ == "__main__":
    unittest.main()
