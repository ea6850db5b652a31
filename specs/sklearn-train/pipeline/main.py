"""python -m pipeline.main: makes the data, trains, writes the model and prints one JSON line with the scores."""

import dataclasses
import json
import os
import sys

import joblib
import mlflow

from pipeline import settings as settings_module
from pipeline.data import make_customers
from pipeline.model import train


def track(settings, scores):
    """Parameters and scores go to a file store beside the model."""
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")  # mlflow would tell at length that the image has no git
    mlflow.set_tracking_uri((settings.output / "mlruns").absolute().as_uri())
    mlflow.set_experiment("churn")
    with mlflow.start_run():
        mlflow.log_params({name: str(value) for name, value in dataclasses.asdict(settings).items()})
        mlflow.log_metrics(scores)


def main():
    settings = settings_module.load()
    table = make_customers(settings.customers, settings.seed)
    model, scores = train(table, settings)
    settings.output.mkdir(parents=True, exist_ok=True)
    path = settings.output / "model.joblib"
    joblib.dump(model, path)
    track(settings, scores)
    print(json.dumps({"model": str(path), "customers": len(table), **scores}))
    return 0 if scores["accuracy"] >= settings.min_accuracy else 1


if __name__ == "__main__":
    sys.exit(main())
