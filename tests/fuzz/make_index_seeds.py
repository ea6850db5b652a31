#!/usr/bin/env python3
"""Writes the seeds of the index fuzz targets into corpus/<format>/. Run again, it writes the same bytes."""
import json
import pathlib

CORPUS = pathlib.Path(__file__).parent / "corpus"
DIGEST = "a" * 64

SIMPLE_HTML = {
    "plain.html": '<!DOCTYPE html><html><head><base href="/f/"></head><body><a href="../x-1.0-py3-none-any.whl#sha256='
    + DIGEST + '" data-requires-python="&gt;=3.8" data-yanked>x</a></body></html>',
    "odd.html": "<!-- c --><A HREF=/b.whl>b<a href='/%252e%2e.whl?a=1&amp;b'><script><a href=x></script>"
    "<a href = \"https://u:p@h/\u00e9 f.whl\"/>",
    "cut.html": "<a href='/x.whl&#x",
}
SIMPLE_JSON = {
    "plain.json": {"meta": {"api-version": "1.1"}, "name": "x", "files": [
        {"filename": "x-1.0.tar.gz", "url": "../x-1.0.tar.gz", "hashes": {"sha256": DIGEST}, "size": 3, "yanked": "why",
         "requires-python": ">=3"}]},
    "evil.json": {"meta": {"api-version": "1.0"}, "files": [
        {"filename": "../x", "url": "file:///etc/passwd"}, {"filename": "a", "url": "//h/a", "size": -1, "yanked": 1}]},
}
RELEASE = {
    "plain.txt": "Suite: oldstable\nCodename: bookworm\nDate: Sat, 11 Jul 2026 10:16:37 UTC\nValid-Until: Sat, 18 Jul 2026 "
    f"10:16:37 UTC\nAcquire-By-Hash: yes\nSHA256:\n {DIGEST} 12 main/binary-amd64/Packages.xz\n",
    "bad-date.txt": f"Date: Sat, 31 Feb 2026 99:16:37 UTC\nSHA256:\n {DIGEST} 12 a\n",
}


def write(kind: str, name: str, text: str) -> None:
    folder = CORPUS / kind
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


for name, text in SIMPLE_HTML.items():
    write("simple_html", name, text)
for name, page in SIMPLE_JSON.items():
    write("simple_json", name, json.dumps(page))
for name, text in RELEASE.items():
    write("release", name, text)
