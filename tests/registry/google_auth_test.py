"""Google's own clients against the double that judges mlbuild: what they get a token with, the double may demand.

Needs the package index and, for docker-credential-gcr, Go and its modules (label network). DOUBLE is the program of
google_double_main.cpp; VENV is a folder that is kept between runs.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
GCR_HELPER = "github.com/GoogleCloudPlatform/docker-credential-gcr/v2@v2.2.1"
PACKAGES = ["google-auth==2.62.2", "requests"]

# Run by the virtual environment's interpreter: prints the token that google-auth gets with a credentials file.
CLIENT = """
import json, sys
import google.auth, google.auth.transport.requests, google.oauth2.credentials
from google.auth import compute_engine, identity_pool, impersonated_credentials
from google.oauth2 import service_account
kind, path, scope = sys.argv[1:]
if kind == "metadata":
    credentials = compute_engine.Credentials()
elif kind == "authorized_user":  # the client ignores token_uri of such a file
    info = json.load(open(path))
    credentials = google.oauth2.credentials.Credentials(
        None, refresh_token=info["refresh_token"], token_uri=info["token_uri"], client_id=info["client_id"],
        client_secret=info["client_secret"])
elif kind == "impersonated_service_account":  # of the file's URL the client takes only the account
    info = json.load(open(path))
    url = info["service_account_impersonation_url"]
    credentials = impersonated_credentials.Credentials(
        service_account.Credentials.from_service_account_info(info["source_credentials"]),
        url.rsplit("/", 1)[1].split(":")[0], [scope], delegates=info["delegates"], iam_endpoint_override=url)
elif kind == "external_account":  # load_credentials_from_file would ask Google for the project
    credentials = identity_pool.Credentials.from_file(path, scopes=[scope])
else:
    credentials, _ = google.auth.load_credentials_from_file(path, scopes=[scope])
credentials.refresh(google.auth.transport.requests.Request())
print(credentials.token)
"""


def make_environment(folder):
    python = folder / "bin" / "python"
    stamp = folder / "packages.txt"
    wanted = "\n".join(PACKAGES)
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES], check=True)
        stamp.write_text(wanted)
    return python


class GoogleAuthTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.python = make_environment(pathlib.Path(os.environ["VENV"]))
        cls.folder = tempfile.TemporaryDirectory()
        cls.double = subprocess.Popen([os.environ["DOUBLE"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        cls.files = json.loads(cls.double.stdout.readline())

    @classmethod
    def tearDownClass(cls):
        cls.double.communicate()
        cls.folder.cleanup()

    def run_client(self, kind, file=None):
        path = pathlib.Path(self.folder.name) / "credentials.json"
        path.write_text(json.dumps(file))
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": self.folder.name,
            "GCE_METADATA_HOST": self.files["host"],
            "no_proxy": "127.0.0.1",
        }
        return subprocess.run([self.python, "-c", CLIENT, kind, path, SCOPE], env=environment, capture_output=True, text=True)

    def token(self, kind, file=None):
        result = self.run_client(kind, file)
        self.assertEqual(result.returncode, 0, result.stderr[-2000:])
        return result.stdout.strip()

    def external(self, name):
        subject = pathlib.Path(self.folder.name) / "subject"
        subject.write_text(self.files["subject_token"])
        file = self.files[name]
        file["credential_source"]["file"] = str(subject)
        return file

    def test_service_account(self):
        self.assertRegex(self.token("service_account", self.files["service_account"]), r"^ya29\.jwt-")

    def test_wrong_key_is_refused(self):
        result = self.run_client("service_account", self.files["wrong_key"])
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("Invalid JWT Signature", result.stderr)

    def test_authorized_user(self):
        self.assertRegex(self.token("authorized_user", self.files["authorized_user"]), r"^ya29\.refresh-")

    def test_external_account(self):
        self.assertRegex(self.token("external_account", self.external("external_account")), r"^ya29\.sts-")

    def test_external_account_with_impersonation(self):
        file = self.external("external_account_impersonating")
        self.assertRegex(self.token("external_account", file), r"^ya29\.impersonated-\d")

    def test_impersonated_service_account(self):
        token = self.token("impersonated_service_account", self.files["impersonated"])
        self.assertRegex(token, r"^ya29\.impersonated-delegated-")

    def test_metadata_server(self):
        self.assertRegex(self.token("metadata"), r"^ya29\.metadata-")

    @unittest.skipUnless(shutil.which("go"), "Go is not there to build docker-credential-gcr")
    def test_docker_credential_gcr_with_the_metadata_server(self):
        gopath = pathlib.Path(os.environ["VENV"]) / "go"
        helper = gopath / "bin" / "docker-credential-gcr"
        if not helper.exists():
            environment = dict(os.environ, GOPATH=str(gopath), GOFLAGS="-modcacherw", GOBIN="")
            subprocess.run(["go", "install", GCR_HELPER], env=environment, check=True)
        environment = {"PATH": os.environ["PATH"], "HOME": self.folder.name, "GCE_METADATA_HOST": self.files["host"]}
        result = subprocess.run([helper, "get"], input="https://europe-docker.pkg.dev\n", env=environment,
                                capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertRegex(json.loads(result.stdout)["Secret"], r"^ya29\.metadata-")


if __name__ == "__main__":
    unittest.main()
