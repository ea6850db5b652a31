"""The packages of some locks on loopback, out of a store: a Python index and Debian mirrors for everybody, so that no figure depends on the
weather of the network."""

import html
import json
import os
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/cli"))
from loopback_server import Handler, LoopbackServer  # noqa: E402  (needs the path above)


def locked_files(lock):
    """(python files, debian packages) of a lock, by everything that a build may ask for."""
    python, debian = [], []
    for image in json.loads(pathlib.Path(lock).read_text())["images"]:
        python += image["wheels"] + image["dev"]
        for sdist in image["sdists"]:
            python += [sdist, *sdist["build"]]
        debian += image["base"]["packages"] + image["system"]["runtime"] + image["system"]["build"]
    return python, debian


class _Packages(Handler):
    def do_GET(self):
        path, owner = self.path.partition("?")[0].partition("#")[0], self.owner
        kind, _, rest = path.lstrip("/").partition("/")
        if kind == "simple":
            return self._page(rest.strip("/"))
        file = owner.files.get(rest.rpartition("/")[2]) if kind == "files" else owner.debs.get(rest)
        if file is None:
            return self.answer(404, b"no such file")
        self.send_response(200)
        self.send_header("Content-Length", str(os.path.getsize(file)))
        self.send_header("Content-Type", "application/octet-stream")
        self.end_headers()
        with open(file, "rb") as content:
            if self.command != "HEAD":
                self.wfile.flush()
                self.connection.sendfile(content)
        return None

    do_HEAD = do_GET

    def _page(self, project):
        links = [f'<a href="/files/{html.escape(name)}#sha256={digest}">{html.escape(name)}</a>' for name, digest in
                 self.owner.projects.get(project, [])]
        if not links:
            return self.answer(404, b"no such project")
        return self.answer(200, ("<!DOCTYPE html><html><body>" + "\n".join(links) + "</body></html>").encode(), Content_Type="text/html")


class PackageServer(LoopbackServer):
    def __init__(self, store, locks):
        super().__init__(_Packages)
        self.files, self.debs, self.projects = {}, {}, {}
        blobs = pathlib.Path(store) / "blobs/sha256"
        for lock in locks:
            python, debian = locked_files(lock)
            for file in python:
                digest = file["sha256"].removeprefix("sha256:")
                if not (blobs / digest).exists():
                    continue  # of the development group: nobody asks for it
                self.files[file["filename"]] = blobs / digest
                entry = (file["filename"], digest)
                names = self.projects.setdefault(file["name"], [])
                if entry not in names:
                    names.append(entry)
            for package in debian:
                blob = blobs / package["sha256"].removeprefix("sha256:")
                self.debs[package["path"]] = blob

    @property
    def index(self):
        return f"http://{self.host}/simple"

    def environment(self):
        """For mlbuild."""
        return {"MLBUILD_PYTHON_INDEX": self.index, "MLBUILD_DEBIAN_MIRROR": f"http://{self.host}/debian",
                "MLBUILD_DEBIAN_SECURITY_MIRROR": f"http://{self.host}/debian-security"}

    def bytes_in(self, lock):
        """Sizes of the wheels of a lock."""
        return sum(file["size"] for file in locked_files(lock)[0])


def link_wheels(store, lock, folder):
    """The wheels of a lock under their own names."""
    folder.mkdir(parents=True)
    for image in json.loads(pathlib.Path(lock).read_text())["images"]:
        for wheel in image["wheels"]:
            source = pathlib.Path(store) / "blobs/sha256" / wheel["sha256"].removeprefix("sha256:")
            try:
                os.link(source, folder / wheel["filename"])
            except OSError:
                shutil.copy(source, folder / wheel["filename"])
    return folder
