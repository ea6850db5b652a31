#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets about registries into corpus/. Run again, it writes the same bytes."""
import json
import pathlib

FOLDER = pathlib.Path(__file__).parent / "corpus" / "registry_answer"
SEEDS = {
    "bearer.txt": 'Bearer realm="https://auth.example/token",service="registry",scope="repository:a/b:pull,push repository:h:5/c:pull"',
    "several.txt": 'Negotiate, bEaReR realm="r\\"x", Basic realm=plain, charset="UTF-8"',
    "cut.txt": 'Bearer realm="never closed',
    "token.json": json.dumps({"token": "abc", "access_token": "def", "expires_in": 300}),
    "odd-token.json": '{"access_token": "a", "expires_in": -1e308}',
    "errors.json": json.dumps({"errors": [{"code": "DENIED", "message": "no \x1b[31m", "detail": {}}, 5, {"message": "x"}]}),
    "page.html": "<html><body>502 Bad Gateway</body></html>",
}

FOLDER.mkdir(parents=True, exist_ok=True)
for name, text in SEEDS.items():
    (FOLDER / name).write_text(text, encoding="utf-8")

CONF = FOLDER.parent / "registries_conf"
CONF.mkdir(parents=True, exist_ok=True)
(CONF / "mirror.conf").write_text("""unqualified-search-registries = ["r.example"]
[[registry]]
prefix = "r.example/team"
location = "inner.example:5000/team"
mirror-by-digest-only = true
[[registry.mirror]]
location = "m.example"
insecure = true
pull-from-mirror = "all"
[[registry]]
prefix = "*.example.com"
blocked = true
""", encoding="utf-8")
