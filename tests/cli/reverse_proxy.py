"""A reverse proxy that streams in both directions: it adds TLS and logins to a server that has none, and rules to one that is too mild.

A rule is a method: before(request handler) answers itself and returns True, or leaves the request alone."""

import base64
import http.client
import re
import threading
import urllib.parse

from loopback_server import Handler, LoopbackServer

CHUNK = 1 << 16
# RFC 9110, 7.6.1: for one connection only.
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "host"}


class ReverseProxy(LoopbackServer):
    """`password`: Basic logins of `user`. Tokens are left to the subclass that knows who gives them."""

    def __init__(self, target, authority=None, password=None):
        super().__init__(ProxyHandler, authority)
        self._target, self._password = target, password
        self._log, self._lock = [], threading.Lock()

    def connect(self):
        host, port = self._target.split(":")
        return http.client.HTTPConnection("127.0.0.1" if host == "localhost" else host, int(port), timeout=60)

    def before(self, request):
        wanted = "Basic " + base64.b64encode(f"user:{self._password}".encode()).decode()
        if not self._password or request.headers.get("Authorization") == wanted:
            return False
        request.refuse(401, "UNAUTHORIZED", "authentication required", WWW_Authenticate='Basic realm="test"')
        return True

    def rewrite(self, name, value):
        """What the client sees of an answer's header."""
        return value

    def note(self, method, path, status, sent):
        with self._lock:
            self._log.append((method, path.partition("?")[0], status, sent))

    def requests(self):
        with self._lock:
            return [(method, path, status) for method, path, status, _ in self._log]

    def writes(self, since=0):
        return [(method, path) for method, path, _ in self.requests()[since:] if method not in ("GET", "HEAD")]

    def received_bytes(self, since=0):
        """Sum of the bodies of requests that reached the server behind."""
        with self._lock:
            return sum(sent for *_, sent in self._log[since:])


class ProxyHandler(Handler):
    def send_response(self, status, *args):
        self.status = status
        super().send_response(status, *args)

    def refuse(self, status, code, message, **headers):
        """An error in the registry's form. The body that the client may be sending is read away, lest it sees a reset."""
        for _ in self.body():
            pass
        body = f'{{"errors": [{{"code": "{code}", "message": "{message}"}}]}}'.encode()
        self.answer(status, body, Content_Type="application/json", **headers)

    def body(self):
        left = int(self.headers.get("Content-Length") or 0)
        while left > 0:
            data = self.rfile.read(min(left, CHUNK))
            if not data:
                raise ConnectionError("the client went away")
            left -= len(data)
            self.sent += len(data)
            yield data

    def pass_on(self):
        self.status = self.sent = 0
        try:
            if not self.owner.before(self):
                self.forward()
        finally:
            self.owner.note(self.command, self.path, self.status, self.sent)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on

    def forward(self):
        connection = self.owner.connect()
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", self.headers["Host"])
            connection.putheader("X-Forwarded-Proto", self.owner.scheme)
            for name, value in self.headers.items():
                if name.lower() not in HOP_BY_HOP | {"authorization", "expect"}:
                    connection.putheader(name, value)
            connection.endheaders()
            for data in self.body():
                connection.send(data)
            self.send_back(connection.getresponse())
        finally:
            connection.close()

    def send_back(self, answer):
        self.send_response(answer.status)
        length = answer.getheader("Content-Length")
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP | {"date", "server"}:
                self.send_header(name, self.owner.rewrite(name, value))
        if length is None and answer.status not in (204, 304):
            self.send_header("Connection", "close")
        self.end_headers()
        while self.command != "HEAD" and (data := answer.read(CHUNK)):
            self.wfile.write(data)


def repository_of(path):
    """("team/app", "blobs/sha256:...") of a path below /v2/, or ("", "")."""
    found = re.match(r"/v2/(.+?)/((?:blobs|manifests|tags|referrers)/.*)$", urllib.parse.urlparse(path).path)
    return found.groups() if found else ("", "")
