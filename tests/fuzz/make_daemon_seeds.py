#!/usr/bin/env python3
"""Writes the seeds of the fuzz target of a daemon's answers into corpus/daemon_answer/. Run again, it writes the same bytes."""
import json
import pathlib

FOLDER = pathlib.Path(__file__).parent / "corpus" / "daemon_answer"
LOADED = json.dumps({"stream": "Loaded image: tiny:1.0\n"})
SEEDS = {
    "loaded.jsonl": LOADED + "\r\n",
    "late-error.jsonl": LOADED + "\r\n" + json.dumps({"errorDetail": {"code": 1, "message": "no \x1b[31m"}, "error": "no"}) + "\n",
    "odd-error.jsonl": '{"error": 7}\n{"errorDetail": []}\n[1]\nnull\n{"error": "' + "\u00e4" * 300 + '"}',
    "refusal.json": json.dumps({"cause": "x", "message": "no space left on device", "response": 500}),
    "cut.jsonl": '{"stream":"Loaded',
    "page.html": "<html><body>502 Bad Gateway</body></html>",
}

FOLDER.mkdir(parents=True, exist_ok=True)
for name, text in SEEDS.items():
    (FOLDER / name).write_text(text, encoding="utf-8", newline="")
