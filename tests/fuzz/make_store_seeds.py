#!/usr/bin/env python3
"""Writes the seeds of the OCI and store fuzz targets into corpus/<format>/. Run again, it writes the same bytes."""
import hashlib
import json
import pathlib
import struct

CORPUS = pathlib.Path(__file__).parent / "corpus"
A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64


def write(kind: str, name: str, data: bytes) -> None:
    folder = CORPUS / kind
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def compact(value) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def descriptor(kind: str, digest: str, **more) -> dict:
    return {"mediaType": "application/vnd.oci.image." + kind, "digest": digest, "size": 7, **more}


def virtual_blob(size: int, sources: list[bytes], segments: bytes) -> bytes:
    header = b"MLBVBLOB" + struct.pack("<IQI", 1, size, len(sources)) + b"".join(sources)
    body = header + hashlib.sha256(header).digest() + segments
    return body + hashlib.sha256(body).digest()


def inline(data: bytes) -> bytes:
    return struct.pack("<BQ", 0, len(data)) + data


def span(source: int, offset: int, length: int) -> bytes:
    return struct.pack("<BIQQ", 1, source, offset, length)


write("oci_json", "manifest", compact({
    "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "config": descriptor("config.v1+json", A),
    "layers": [descriptor("layer.v1.tar+gzip", B, annotations={"dev.mlbuild.key": A})], "annotations": {"k": "é\\\""}}))
write("oci_json", "index", compact({
    "schemaVersion": 2,
    "manifests": [descriptor("manifest.v1+json", A, artifactType="x",
                             platform={"os": "linux", "architecture": "arm64", "variant": "v8"})]}))
write("oci_json", "config", compact({
    "architecture": "amd64", "os": "linux", "created": "1980-01-01T00:00:00Z",
    "config": {"Env": ["A=1"], "Cmd": None, "Entrypoint": ["x"], "Labels": {"a": "b"}, "ExposedPorts": {"80/tcp": {}},
               "User": "1", "WorkingDir": "/", "StopSignal": "TERM"},
    "rootfs": {"type": "layers", "diff_ids": [A]}, "history": [{"created_by": "x", "empty_layer": False}]}))
write("oci_json", "escapes", b'{"schemaVersion":2,"manifests":[],"annotations":{"\\u0041\\n":"\\ud83d\\ude00","b":"\\u0001"}}')
write("known_layers", "built_wheel", compact({
    "schemaVersion": 2, "config": descriptor("config.v1+json", A),
    "layers": [descriptor("layer.v1.tar+gzip", B, annotations={
        "dev.mlbuild.key": A, "dev.mlbuild.plain-size": "5000", "dev.mlbuild.packages": '[["wheel","x","1",5,4]]', "dev.mlbuild.built." + "b" * 64: A + " x-1-py3-none-any.whl"})]}) +
    b"\n" + compact({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [B]}}))
write("cache_entry", "layer", b"a" * 64 + b"\n" + compact({
    "schemaVersion": 2, "artifactType": "application/vnd.mlbuild.cache.v1+json",
    "config": {"mediaType": "application/vnd.mlbuild.cache.v1+json", "digest": A, "size": 2},
    "layers": [descriptor("layer.v1.tar+gzip", B, annotations={
        "dev.mlbuild.key": A, "dev.mlbuild.diff-id": B, "dev.mlbuild.plain-size": "5000", "dev.mlbuild.packages": '[["wheel","x","1",5,4]]',
        "dev.mlbuild.built." + "b" * 64: A + " x-1-py3-none-any.whl"})]}))
write("reference", "full", b"registry.example:5000/team/a_b.c--d:1.4@" + A.encode())
write("reference", "plain", b"name:tag")
write("reference", "address", b"[::1]:80/n")
write("segments", "empty", virtual_blob(0, [], b""))
write("segments", "inline", virtual_blob(1, [], inline(b"x")))
write("segments", "mixed", virtual_blob(4 + 10 + 3, [b"\xaa" * 32, b"\xbb" * 32],
                                        inline(b"head") + span(1, 7, 10) + span(0, 0, 3)))
write("key_card", "card", compact({"kind": "wheel-layer", "version": 3, "fields": {"wheel": A, "": "é"}}))
write("key_card", "empty", compact({"kind": "", "version": -1, "fields": {}}))
