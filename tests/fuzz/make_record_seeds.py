#!/usr/bin/env python3
"""Writes the seeds of the fuzz target build_record into corpus/build_record/. Run again, it writes the same bytes."""
import base64
import gzip
import json
import pathlib

FOLDER = pathlib.Path(__file__).parent / "corpus/build_record"
LOCK = {"version": 1, "tools": [], "images": []}
SPEC = {"version": 1, "name": "demo", "base": "scratch"}


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, value in {"record": {"version": 1, "spec": SPEC, "lock": LOCK, "app": True}, "later": {"version": 2, "spec": {}, "lock": {}, "app": False}, "list": []}.items():
        (FOLDER / name).write_bytes(base64.b64encode(gzip.compress(json.dumps(value).encode(), mtime=0)))
    (FOLDER / "stored").write_bytes(base64.b64encode(gzip.compress(json.dumps({"version": 1, "spec": [], "lock": None, "app": 1}).encode(), 0, mtime=0)))


main()
