"""A double of Artifact Registry: a registry of the test behind a proxy that enforces what the documentation of Google and the
reports of others say is different there. It can only be as right as those: no real one was reached.

- names are PROJECT/REPOSITORY/IMAGE; a mount from another project is an ordinary upload
- uploads are monolithic: no PATCH, and only with a Content-Length; their addresses lie outside /v2/ and carry a state
- a token is given to `oauth2accesstoken` with an access token of Google (here: of google_double)
- the referrers API leads to an HTML page; nothing can be deleted; quotas are 429 with Retry-After
- repositories named `frozen` have immutable tags
"""

import base64
import contextlib
import json
import os
import re
import secrets
import select
import socket
import subprocess
import urllib.parse

from loopback_server import Handler, LoopbackServer
from reverse_proxy import ReverseProxy, repository_of

HOST = "europe-docker.pkg.dev"


class GoogleDouble:
    """Google's token endpoints: the program that google_auth_test.py shows to Google's own client. `files`: credentials files."""

    def __enter__(self):
        self._process = subprocess.Popen([os.environ["GOOGLE_DOUBLE"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.files = json.loads(self._process.stdout.readline())
        return self

    def __exit__(self, *_):
        self._process.communicate()

    def given(self):
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


class ArtifactRegistry(ReverseProxy):
    """`target`: HOST:PORT of the registry behind. `busy`: every so many requests one is refused with 429."""

    def __init__(self, target, authority, google, busy=0):
        super().__init__(target, authority)
        self._google, self._busy, self._count = google, busy, 0
        self._tokens = {}   # token: {repository: actions}
        self._uploads = {}  # state: path and query behind
        self.access_token = ""  # the last one that was shown
        self.refused = []

    def before(self, request):
        url = urllib.parse.urlparse(request.path)
        query = urllib.parse.parse_qs(url.query)
        if url.path == "/v2/token":
            return self._give_token(request, query)
        if url.path == "/signin":
            return request.answer(200, b"<!doctype html><title>Sign in</title>", Content_Type="text/html") or True
        if self._is_busy():
            return self._refuse(request, 429, "TOOMANYREQUESTS", "Quota exceeded for quota metric", Retry_After="1")
        if url.path.startswith("/artifacts-uploads/"):
            return self._upload(request, query)
        name, rest = repository_of(request.path)
        if not self._may(request, name):
            return self._challenge(request, name)
        if name and len(name.split("/")) < 3:
            return self._refuse(request, 404, "NAME_UNKNOWN", "names have a project, a repository and an image")
        if rest.startswith("referrers/"):
            return request.answer(302, Location=f"https://{HOST}/signin") or True
        if request.command in ("PATCH", "DELETE"):
            return self._refuse(request, 405, "UNSUPPORTED", f"{request.command} is not supported")
        if request.command == "POST" and "mount" in query:
            return self._mount(request, name, query)
        return self._is_frozen(request, name, rest)

    def _is_busy(self):
        with self._lock:
            self._count += 1
            return self._busy and self._count % self._busy == 0

    def _refuse(self, request, status, code, message, **headers):
        self.refused.append((status, request.command, request.path))
        request.refuse(status, code, message, **headers)
        return True

    def _give_token(self, request, query):
        kind, _, encoded = request.headers.get("Authorization", "").partition(" ")
        user, _, password = base64.b64decode(encoded).decode().partition(":") if kind == "Basic" else ("", "", "")
        found = re.match(r"ya29\.([a-z]+)-", password)
        if user != "oauth2accesstoken" or not found or found[1] not in self._google.given():
            return self._refuse(request, 401, "UNAUTHORIZED", "Unauthenticated request")
        self.access_token = password
        token = secrets.token_hex(16)
        self._tokens[token] = {scope.split(":")[1]: set(scope.split(":")[2].split(",")) for text in query.get("scope", []) for scope in text.split()}
        return request.answer(200, json.dumps({"token": token, "expires_in": 3600}).encode(), Content_Type="application/json") or True

    def _may(self, request, name):
        access = self._tokens.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
        wanted = {"pull"} if request.command in ("GET", "HEAD") else {"pull", "push"}
        return access is not None and (not name or wanted <= access.get(name, set()))

    def _challenge(self, request, name):
        actions = "pull" if request.command in ("GET", "HEAD") else "push,pull"
        scope = f',scope="repository:{name}:{actions}"' if name else ""
        request.refuse(401, "UNAUTHORIZED", "authentication failed", WWW_Authenticate=f'Bearer realm="https://{HOST}/v2/token",service="{HOST}"{scope}')
        return True

    def _mount(self, request, name, query):
        source = query.get("from", [""])[0]
        if source.split("/")[0] != name.split("/")[0] or not self._may_read(request, source):
            request.path = urllib.parse.urlparse(request.path).path  # the answer is that to a POST without a mount
        return False

    def _may_read(self, request, source):
        access = self._tokens[request.headers["Authorization"].removeprefix("Bearer ")]
        return "pull" in access.get(source, set())

    def rewrite(self, name, value):
        if name.lower() != "location" or "/uploads/" not in value:
            return value
        state, url = secrets.token_urlsafe(24), urllib.parse.urlparse(value)
        self._uploads[state] = f"{url.path}?{url.query}"
        project, repository = url.path.split("/")[2:4]
        return f"https://{HOST}/artifacts-uploads/namespaces/{project}/repositories/{repository}/uploads/{state[:8]}?upload_state={state}"

    def _upload(self, request, query):
        behind = self._uploads.get(query.get("upload_state", [""])[0])
        if not behind or not self._may(request, repository_of(behind)[0]):
            return self._refuse(request, 404, "BLOB_UPLOAD_UNKNOWN", "no such upload")
        if request.command != "PUT" or "digest" not in query or "Content-Length" not in request.headers:
            return self._refuse(request, 405, "UNSUPPORTED", "uploads are monolithic")
        request.path = f"{behind}&digest={urllib.parse.quote(query['digest'][0])}"
        return False

    def _is_frozen(self, request, name, rest):
        if request.command != "PUT" or not rest.startswith("manifests/") or "sha256:" in rest or name.split("/")[1] != "frozen":
            return False
        with contextlib.closing(self.connect()) as connection:
            connection.request("HEAD", urllib.parse.urlparse(request.path).path, headers={"Accept": "*/*, " + request.headers["Content-Type"]})
            is_there = connection.getresponse().status == 200
        # The same digest again is no change; a client that looks first does not come here with it.
        return is_there and self._refuse(request, 400, "DENIED", "cannot update tag: The repository has enabled tag immutability.")


class Tunnel(LoopbackServer):
    """An HTTPS_PROXY (RFC 9110, 9.3.6 CONNECT) that has one place to go to: HOST, which is `target`."""

    def __init__(self, target):
        super().__init__(TunnelHandler)
        self.target = ("127.0.0.1", int(target.rpartition(":")[2]))


class TunnelHandler(Handler):
    def do_CONNECT(self):
        if self.path != f"{HOST}:443":
            return self.answer(502)
        with socket.create_connection(self.owner.target) as behind:
            self.send_response(200)
            self.end_headers()
            other = {self.connection: behind, behind: self.connection}
            while True:
                for readable in select.select(list(other), [], [])[0]:
                    data = readable.recv(1 << 16)
                    if not data:
                        self.close_connection = True
                        return None
                    other[readable].sendall(data)
