"""What to train and where to write it: config/train.json; MODEL_DIR in the environment wins over its `output`."""

import dataclasses
import json
import os
import pathlib

CONFIG = pathlib.Path(__file__).resolve().parent.parent / "config" / "train.json"


@dataclasses.dataclass(frozen=True)
class Settings:
    seed: int
    customers: int
    test_share: float
    trees: int
    depth: int
    min_accuracy: float
    output: pathlib.Path


def load(path=CONFIG, environment=os.environ):
    values = json.loads(path.read_text())
    values["output"] = pathlib.Path(environment.get("MODEL_DIR", values["output"]))
    return Settings(**values)
