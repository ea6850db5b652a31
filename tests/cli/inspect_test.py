"""`mlbuild inspect` and `mlbuild diff` on images of any builder."""

import http.server
import json
import socketserver
import threading

from docker_registry import DockerRegistry
from layout import Layout, tagged
from support import CliTest, main, run

SITE = "usr/local/lib/python3.11/site-packages/"


def wheel(name, version, text):
    info = f"{name}-{version}.dist-info"
    return {f"{SITE}{name}/__init__.py": text, f"{SITE}{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\n",
            f"{SITE}{info}/RECORD": f"{name}/__init__.py,,\n{info}/METADATA,,\n{info}/RECORD,,\n"}


def noise(size):
    """Text that does not compress well, the same each time."""
    state, text = 1, []
    while len(text) < size:
        state = state * 6364136223846793005 + 1442695040888963407 & (1 << 64) - 1
        text.append(chr(33 + (state >> 33) % 90))
    return "".join(text)


class ExportingDaemon(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Answers GET /images/NAME/get as docker does, with the archive of `images`."""

    def __init__(self, socket, images):
        daemon = self
        self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                daemon.asked.append(self.path)
                archive = images.get(self.path.removeprefix("/images/").removesuffix("/get"))
                self.send_response(200 if archive else 404)
                body = archive.read_bytes() if archive else b'{"message":"reference does not exist"}'
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

            def address_string(self):
                return "socket"

        super().__init__(str(socket), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *args):
        self.shutdown()
        super().__exit__(*args)


class Inspect(CliTest):
    def setUp(self):
        super().setUp()
        self.layout = Layout(self.directory / "layout")
        base = {"usr/lib/libone.so": noise(30000), "var/lib/dpkg/status": "Package: libone\nStatus: install ok installed\nVersion: 1-1\n\n",
                "var/lib/dpkg/info/libone.list": "/.\n/usr/lib/libone.so\n", "root/.cache/pip/http/a": noise(50000)}
        old = self.layout.image("amd64", base, wheel("one", "1.0", noise(20000)))
        new = self.layout.image("amd64", base, wheel("one", "1.1", noise(90000)), {"root/.cache/.wh.pip": "", "app/main.py": "import one\n"},
                                config={"Cmd": ["python", "main.py"], "Env": ["A=1"]})
        self.layout.write_index(tagged(old, "old"), tagged(new, "new"))
        self.old, self.new = f"oci:{self.layout.directory}:old", f"oci:{self.layout.directory}:new"
        self.store = ("--store", self.directory / "store")

    def inspect(self, place):
        return json.loads(self.assert_ok(run("inspect", place, *self.store, "--format", "json")).out)

    def test_packages_and_waste_are_told_with_their_bytes(self):
        image = self.inspect(self.old)
        packages = {(package["kind"], package["name"], package["version"]): package for package in image["packages"]}
        self.assertGreater(packages["wheel", "one", "1.0"]["plain_bytes"], 20000)
        self.assertEqual(packages["deb", "libone", "1-1"]["plain_bytes"], 30000)
        self.assertEqual(image["waste"]["caches"]["plain_bytes"], 50000)
        self.assertEqual(sum(layer["compressed_bytes"] for layer in image["layers"]),
                         sum(package["compressed_bytes"] for package in image["packages"]))

    def test_what_is_deleted_later_is_still_paid_for(self):
        hidden = self.inspect(self.new)["layers"][0]["hidden"]
        self.assertEqual((hidden["plain_bytes"], hidden["files"]), (50000, 1))
        text = self.assert_ok(run("inspect", self.new, *self.store)).out
        self.assertIn("replaced or deleted by layers above", text)
        self.assertIn("wheel one 1.1", text)

    def test_what_built_a_layer_is_shown_as_cut_when_it_is(self):
        short, long = "COPY . /app", "RUN apt-get update && apt-get install -y " + "python3 " * 20
        image = self.layout.image("amd64", {"a": "a"}, {"b": "b"}, history=[short, long])
        self.layout.write_index(tagged(image, "told"))
        names = [layer["created_by"] for layer in self.inspect(f"oci:{self.layout.directory}:told")["layers"]]
        self.assertEqual(names, [short, long[:77] + "..."])

    def test_a_layer_is_read_once(self):
        self.inspect(self.new)
        before = self.inspect(self.new)
        for layer in before["layers"]:
            (self.layout.directory / "blobs/sha256" / layer["digest"].removeprefix("sha256:")).unlink()
        self.assertEqual(self.inspect(self.new), before)

    def test_layers_in_a_registry_are_downloaded_once(self):
        with DockerRegistry() as registry:
            name = f"{registry.host}/team/app:1.0"
            self.assert_ok(run("copy", self.new, name))
            first = self.inspect(name)
            before = len(registry.requests())
            self.assertEqual(self.inspect(name), first)
            blobs = [path for method, path, _ in registry.requests()[before:] if "/blobs/" in path]
            self.assertEqual(len(blobs), 1, "the config alone")

    def test_a_diff_names_what_grew(self):
        done = self.assert_ok(run("diff", self.old, self.new, *self.store))
        self.assertRegex(done.out, r"\+[0-9.]+ kB +\+70.0 kB  wheel one 1.0 -> 1.1")
        self.assertIn("cmd: /hello -> python main.py", done.out)
        self.assertIn("env A: (none) -> 1", done.out)
        value = json.loads(self.assert_ok(run("diff", self.old, self.new, *self.store, "--format", "json")).out)
        added = {change["path"] for change in value["files"] if change["before_bytes"] == 0}
        self.assertIn("app/main.py", added)
        self.assertIn("the images are the same", self.assert_ok(run("diff", self.old, self.old, *self.store)).out)

    def test_an_image_of_the_daemon_is_exported_and_read(self):
        archive = self.directory / "saved.tar"
        self.assert_ok(run("copy", self.new, f"docker:{archive}", "-t", "team/app:1.0"))
        socket = self.directory / "docker.sock"
        with ExportingDaemon(socket, {"team/app:1.0": archive}) as daemon:
            environment = {"DOCKER_HOST": f"unix://{socket}", "TMPDIR": str(self.directory)}
            done = self.assert_ok(run("inspect", "daemon:team/app:1.0", *self.store, "--format", "json", env=environment))
            self.assertEqual(daemon.asked, ["/images/team/app:1.0/get"])
            packages = {(package["name"], package["version"]) for package in json.loads(done.out)["packages"]}
            self.assertIn(("one", "1.1"), packages)
            self.assert_fails(run("inspect", "daemon:other:1.0", *self.store, env=environment), 2, "has no image `other:1.0`")
            self.assertEqual(list(self.directory.glob("mlbuild-*")), [], "the export is gone")
        self.assert_fails(run("inspect", "daemon:other:1.0", *self.store, env={"DOCKER_HOST": f"unix://{socket}x"}), 3, "sockx")

    def test_a_damaged_layer_is_told(self):
        digest = self.inspect(self.old)["layers"][1]["digest"]
        file = self.layout.directory / "blobs/sha256" / digest.removeprefix("sha256:")
        file.write_bytes(file.read_bytes()[:-100])
        self.assert_fails(run("inspect", self.old, "--store", self.directory / "other"), 1, digest)

    def test_mistakes_get_a_way_out(self):
        self.assert_fails(run("inspect", "app:1.0", *self.store), 2, "names no registry")
        self.assert_fails(run("inspect", self.layout.directory, *self.store), 2, "is a directory")
        self.assert_fails(run("inspect", self.new, "--platform", "linux/arm64", *self.store), 2, "no image for linux/arm64")


if __name__ == "__main__":
    raise SystemExit(main())
