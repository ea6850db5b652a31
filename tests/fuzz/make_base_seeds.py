#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets for base images into corpus/<format>/. Run again, it writes the same bytes."""
import hashlib
import io
import json
import pathlib
import tarfile

CORPUS = pathlib.Path(__file__).parent / "corpus"


def write(kind, name, data):
    folder = CORPUS / kind
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def tar_of(files, links=()):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o755
            tar.addfile(info, io.BytesIO(data))
        for name, target in links:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
    data = out.getvalue()
    used = -(-len(data.rstrip(b"\0")) // 512) * 512  # tarfile fills up to 10 KiB; two blocks are enough
    return data[:used + 1024]


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def make_layers():
    libc = b"GNU C Library stable release version 2.36.\n"
    write("base_layers", "python-slim.tar", tar_of(
        {"usr/lib/x86_64-linux-gnu/libc.so.6": libc, "etc/os-release": b"ID=debian\nVERSION_CODENAME=bookworm\n",
         "usr/local/bin/python3.11": b"\x003.11.9\0", "usr/local/lib/python3.11/os.py": b"",
         "usr/local/lib/python3.11/site-packages/pip-24.0.dist-info/RECORD": b"pip/__init__.py,,\n"},
        [("lib", "usr/lib"), ("usr/local/bin/python3", "python3.11")]))
    write("base_layers", "debian.tar", tar_of(
        {"lib/x86_64-linux-gnu/libc-2.31.so": b"", "usr/bin/python3.11": b"", "usr/lib/python3.11/os.py": b"",
         "var/lib/dpkg/status": b"Package: python3.11-minimal\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.11.2-6\n\n",
         "usr/bin/.wh..wh..opq": b"", "etc/.wh.gone": b""},
        [("lib/x86_64-linux-gnu/libc.so.6", "libc-2.31.so"), ("usr/bin/python3", "python3.11"), ("a", "b"), ("b", "a")]))


def make_archives():
    layer = tar_of({"x": b"1"})
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {},
                         "rootfs": {"type": "layers", "diff_ids": [digest(layer)]}}).encode()
    write("image_archive", "docker.tar", tar_of(
        {"manifest.json": json.dumps([{"Config": "c.json", "RepoTags": ["a:1"], "Layers": ["l/layer.tar"]}]).encode(),
         "c.json": config, "m/layer.tar": layer}, [("l/layer.tar", "../m/layer.tar")]))

    def describe(kind, data):
        return {"mediaType": kind, "digest": digest(data), "size": len(data)}

    oci = "application/vnd.oci.image."
    manifest = json.dumps({"schemaVersion": 2, "config": describe(oci + "config.v1+json", config),
                           "layers": [describe(oci + "layer.v1.tar", layer)]}).encode()
    index = json.dumps({"schemaVersion": 2, "manifests": [describe(oci + "manifest.v1+json", manifest)]}).encode()
    blobs = {"blobs/sha256/" + digest(data)[7:]: data for data in (layer, config, manifest)}
    write("image_archive", "layout.tar", tar_of({"oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": index, **blobs}))


make_layers()
make_archives()
