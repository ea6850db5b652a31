"""Makes root filesystems as other programs would, of .debs that are in the store, and wraps them as images by umoci."""

import json
import os
import pathlib
import shutil
import subprocess


def sh(*args, **kwargs):
    done = subprocess.run(list(map(str, args)), capture_output=True, timeout=300, **kwargs)
    assert done.returncode == 0, f"{args}: {done.stderr.decode()}"
    return done.stdout.decode()


def blob_in(store, digest):
    return pathlib.Path(store) / "blobs/sha256" / digest.removeprefix("sha256:")


def debian_root(root, lock, store, merged, skip=()):
    """Unpacks the base packages of a lock with Debian's own tools and writes the dpkg database that dpkg would write."""
    root.mkdir(parents=True)
    if merged:
        for name in ("bin", "sbin", "lib", "lib64"):
            (root / "usr" / name).mkdir(parents=True)
            (root / name).symlink_to("usr/" + name)
    status = ""
    for package in json.loads(lock.read_text())["images"][0]["base"]["packages"]:
        if package["name"] in skip or package["name"] == "usr-is-merged":
            continue
        deb = blob_in(store, package["sha256"])
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as tar:
            sh("tar", "-x", "--keep-directory-symlink", "-C", root, stdin=tar.stdout)
        first, rest = sh("dpkg-deb", "-f", deb).split("\n", 1)
        status += f"{first}\nStatus: install ok installed\n{rest}\n"
    (root / "var/lib/dpkg").mkdir(parents=True, exist_ok=True)
    (root / "var/lib/dpkg/status").write_text(status)
    (root / "usr/bin/python3").symlink_to("python3.11")
    for name in ("proc", "dev", "sys", "tmp"):
        (root / name).mkdir(exist_ok=True)


def wrap(layout, root, tag="base", config=()):
    """An OCI layout with one gzip layer of the root."""
    tar = layout.with_suffix(".root.tar")
    sh("tar", "-c", "--numeric-owner", "-C", root, "-f", tar, ".")
    sh("umoci", "init", "--layout", layout)
    sh("umoci", "new", "--image", f"{layout}:{tag}")
    sh("umoci", "raw", "add-layer", "--image", f"{layout}:{tag}", tar)
    sh("umoci", "config", "--image", f"{layout}:{tag}", "--config.env", "PATH=/usr/bin:/bin", *config)
    tar.unlink()


def run_in(image, bundle, *argv):
    """stdout of a program of the image, in its root, without network."""
    sh("umoci", "unpack", *([] if os.geteuid() == 0 else ["--rootless"]), "--image", image, bundle)
    environment = json.loads((bundle / "config.json").read_text())["process"]["env"]
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    return sh("unshare", *user, "--net", shutil.which("chroot"), bundle / "rootfs", *argv,
              env={**dict(item.split("=", 1) for item in environment), "LANG": "C.UTF-8"})
