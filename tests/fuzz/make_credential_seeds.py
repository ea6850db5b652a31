#!/usr/bin/env python3
"""Writes the seeds of the fuzz target of credentials into corpus/credentials/. Run again, it writes the same bytes."""
import json
import pathlib

FOLDER = pathlib.Path(__file__).parent / "corpus" / "credentials"
SERVICE = {"type": "service_account", "client_email": "a@b", "private_key": "-----BEGIN PRIVATE KEY-----\nx\n"}
SOURCE = {"file": "token", "format": {"type": "json", "subject_token_field_name": "t"}}
EXTERNAL = {"type": "external_account", "audience": "//iam/x", "subject_token_type": "t",
            "token_url": "https://sts.example/v1/token", "credential_source": SOURCE}
SEEDS = {
    "auths.json": {"auths": {"reg.example": {"auth": "dXNlcjpwYXNz"}, "https://reg.example/v1/": {},
                             "reg.example/team": {"identitytoken": "i"}}},
    "helpers.json": {"credsStore": "desktop", "credHelpers": {"reg.example": "gcloud"}},
    "service-account.json": SERVICE,
    "user.json": {"type": "authorized_user", "client_id": "a", "client_secret": "b", "refresh_token": "c"},
    "external.json": EXTERNAL,
    "executable.json": EXTERNAL | {"credential_source": {"executable": {"command": "x", "timeout_millis": 5000}}},
    "impersonated.json": {"type": "impersonated_service_account", "delegates": ["d"], "source_credentials": SERVICE,
                          "service_account_impersonation_url": "https://iam.example/v1/a:generateAccessToken"},
    "token.json": {"access_token": "ya29.x", "expires_in": 3599.5, "token_type": "Bearer"},
    "iam-token.json": {"accessToken": "ya29.y", "expireTime": "2026-01-02T03:04:05Z"},
    "refusal.json": {"error": "invalid_grant", "error_description": "canary \x1b[31m"},
}

FOLDER.mkdir(parents=True, exist_ok=True)
for name, value in SEEDS.items():
    text = json.dumps(value)
    if name.endswith("token.json") and len(text) % 2:  # the target takes texts of even length for a 200
        text += " "
    (FOLDER / name).write_text(text, encoding="utf-8")
(FOLDER / "target.txt").write_text("https://Reg.Example:5000/team/", encoding="utf-8")
