"""A double of a registry's token server: distribution's docs/spec/auth/token.md (GET with Basic) and oauth.md (POST).

The registries verify what it signs, so it is they that judge it. Users: `user` may do everything, `reader` may pull."""

import base64
import json
import urllib.parse

from loopback_server import Handler, LoopbackServer

SERVICE, ISSUER = "registry.test", "token-server.test"
PASSWORD = "correct-horse"
REFRESH_TOKEN = "identity-battery-staple"


class TokenServer(LoopbackServer):
    def __init__(self, authority, tls):
        super().__init__(TokenHandler, authority if tls else None)
        self.authority = authority
        self.realm = f"{self.scheme}://{self.host}/token"
        self.asked = []  # (method, grant, scopes)
        self._given = {}  # token: {repository: actions}

    def give(self, user, access):
        token = self.authority.access_token(ISSUER, SERVICE, user, access)
        self._given[token] = {entry["name"]: set(entry["actions"]) for entry in access}
        return token

    def allows(self, token, repository, actions):
        """For a server that cannot verify signatures. Without a repository any token is good."""
        access = self._given.get(token)
        return access is not None and (not repository or set(actions) <= access.get(repository, set()))


class TokenHandler(Handler):
    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
        header = self.headers.get("Authorization", "")
        user, _, password = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":") if header else ("", "", "")
        self.decide("basic" if header else "anonymous", user, password == PASSWORD, query)

    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        grant = form.get("grant_type", [""])[0]
        if grant == "refresh_token":
            self.decide(grant, "user", form.get("refresh_token") == [REFRESH_TOKEN], form)
        elif grant == "password":
            self.decide(grant, form.get("username", [""])[0], form.get("password") == [PASSWORD], form)
        else:
            self.answer(400, b'{"error": "unsupported_grant_type"}')

    def decide(self, grant, user, is_known, form):
        scopes = " ".join(form.get("scope", [])).split()
        self.owner.asked.append((self.command, grant, scopes))
        if grant != "anonymous" and not is_known or form.get("service") != [SERVICE]:
            return self.answer(401, b'{"errors": [{"code": "UNAUTHORIZED", "message": "wrong user, password or service"}]}')
        may = {"user": {"pull", "push"}, "reader": {"pull"}}.get(user, set())
        access = []
        for scope in scopes:
            kind, name, actions = scope.split(":", 2)
            access.append({"type": kind, "name": name, "actions": sorted(may & set(actions.split(",")))})
        token = self.owner.give(user, access)
        said = {"token": token, "access_token": token, "expires_in": 300}
        if form.get("offline_token") == ["true"] or form.get("access_type") == ["offline"]:
            said["refresh_token"] = REFRESH_TOKEN
        return self.answer(200, json.dumps(said).encode(), Content_Type="application/json")
