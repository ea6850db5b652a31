"""A table of customers: made from a seed, so that every run sees the same data, and checked before it is used."""

import numpy as np
import pandas as pd
import pandera as pa

FEATURES = ["months", "monthly_fee", "support_calls", "has_contract"]

SCHEMA = pa.DataFrameSchema(
    {
        "months": pa.Column(int, pa.Check.in_range(1, 72)),
        "monthly_fee": pa.Column(float, pa.Check.in_range(5.0, 150.0)),
        "support_calls": pa.Column(int, pa.Check.ge(0)),
        "has_contract": pa.Column(bool),
        "leaves": pa.Column(bool),
    },
    strict=True,
)


def make_customers(count, seed):
    random = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "months": random.integers(1, 73, count),
            "monthly_fee": random.uniform(5, 150, count).round(2),
            "support_calls": random.poisson(1.5, count),
            "has_contract": random.random(count) < 0.6,
        }
    )
    wish_to_leave = (
        0.02 * table["monthly_fee"]
        + 0.9 * table["support_calls"]
        - 0.05 * table["months"]
        - 2.0 * table["has_contract"]
        + random.normal(0, 0.6, count)
    )
    table["leaves"] = wish_to_leave > 0
    return SCHEMA.validate(table)
