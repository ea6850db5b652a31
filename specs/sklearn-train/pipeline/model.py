"""Training and evaluation."""

from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.model_selection import train_test_split

from pipeline.data import FEATURES


def train(table, settings):
    """The fitted model and its scores on customers that it has not seen."""
    train_part, test_part = train_test_split(
        table, test_size=settings.test_share, random_state=settings.seed, stratify=table["leaves"]
    )
    model = RandomForestClassifier(n_estimators=settings.trees, max_depth=settings.depth, random_state=settings.seed)
    model.fit(train_part[FEATURES], train_part["leaves"])
    chance = model.predict_proba(test_part[FEATURES])[:, 1]
    scores = {
        "accuracy": round(float(accuracy_score(test_part["leaves"], chance > 0.5)), 4),
        "auc": round(float(roc_auc_score(test_part["leaves"], chance)), 4),
    }
    return model, scores
