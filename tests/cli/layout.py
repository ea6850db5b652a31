"""OCI layouts written by hand, with JSON that nobody but its author would write in this order."""

import gzip
import hashlib
import io
import json
import pathlib
import tarfile

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


def tar_of(files):
    """The content of files by path: text, or the bytes of a program."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            data = content
            if isinstance(content, bytes):
                member.mode = 0o755
            else:
                data = content.encode()
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


class Layout:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        (self.directory / "blobs/sha256").mkdir(parents=True)
        (self.directory / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')

    def blob(self, data, media_type, **more):
        digest = hashlib.sha256(data).hexdigest()
        (self.directory / "blobs/sha256" / digest).write_bytes(data)
        return {"size": len(data), "digest": "sha256:" + digest, "mediaType": media_type, **more}

    def json(self, value, media_type, **more):
        return self.blob(json.dumps(value, indent=3).encode(), media_type, **more)

    def image(self, architecture, *layers, config=None, history=None, **more):
        """Each layer: the content of its files by path. `history`: what built each."""
        descriptors, diff_ids = [], []
        for files in layers:
            plain = tar_of(files)
            descriptors.append(self.blob(gzip.compress(plain), "application/vnd.oci.image.layer.v1.tar+gzip"))
            diff_ids.append("sha256:" + hashlib.sha256(plain).hexdigest())
        config = {"os": "linux", "architecture": architecture, "config": config or {"Cmd": ["/hello"]}, "rootfs": {"type": "layers", "diff_ids": diff_ids},
                  **({"history": [{"created_by": text} for text in history]} if history else {})}
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": self.json(config, "application/vnd.oci.image.config.v1+json"), "layers": descriptors}
        return self.json(manifest, MANIFEST, platform={"os": "linux", "architecture": architecture}, **more)

    def attestation(self, subject):
        statement = self.blob(b'{"predicate": {}}', "application/vnd.in-toto+json")
        config = self.json({"architecture": "unknown", "os": "unknown", "rootfs": {"type": "layers", "diff_ids": []}}, "application/vnd.oci.image.config.v1+json")
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [statement]}
        return self.json(manifest, MANIFEST, platform={"os": "unknown", "architecture": "unknown"},
                         annotations={"vnd.docker.reference.digest": subject["digest"], "vnd.docker.reference.type": "attestation-manifest"})

    def write_index(self, *tops):
        (self.directory / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": list(tops)}))


def tagged(descriptor, tag):
    return {**descriptor, "annotations": {"org.opencontainers.image.ref.name": tag}}
