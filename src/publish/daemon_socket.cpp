#include "daemon_socket.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/net/http.hpp"
#include "mlbuild/publish/sink.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <system_error>

namespace mlbuild {
namespace {

std::optional<std::string> value_of(const std::map<std::string, std::string>& environment, const char* name) {
  const auto found = environment.find(name);
  if (found == environment.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

std::filesystem::path socket_of(const std::string& docker_host) {
  constexpr std::string_view kUnix = "unix://";
  std::filesystem::path path = docker_host.starts_with(kUnix) ? docker_host.substr(kUnix.size()) : "";
  if (path.is_absolute()) return path;
  throw Error(ErrorKind::Usage, fmt::format("`DOCKER_HOST` is `{}`, and `-o daemon` speaks only to a socket of this "
                                            "machine",
                                            printable_url(docker_host)))
      .hint(
          "set `DOCKER_HOST=unix:///PATH`; for a daemon elsewhere push to a registry, or write `-o docker:FILE.tar` "
          "and run `docker load -i FILE.tar`");
}

/// Why it cannot be used; 0: it can.
int why_unusable(const std::filesystem::path& socket) {
  if (socket.native().size() >= sizeof(sockaddr_un::sun_path)) return ENAMETOOLONG;
  if (::faccessat(AT_FDCWD, socket.c_str(), W_OK, AT_EACCESS) != 0) return errno;
  std::error_code failure;
  if (!std::filesystem::is_socket(socket, failure)) return failure ? failure.value() : ENOTSOCK;
  return 0;
}

bool is_missing(int reason) { return reason == ENOENT || reason == ENOTDIR; }

std::string quoted(const std::vector<std::filesystem::path>& paths) {
  std::vector<std::string> texts;
  texts.reserve(paths.size());
  for (const std::filesystem::path& path : paths) texts.push_back("`" + printable(path.string()) + "`");
  return join(texts, ", ");
}

}  // namespace

std::vector<std::filesystem::path> daemon_sockets(const std::map<std::string, std::string>& environment) {
  if (const std::optional<std::string> host = value_of(environment, "DOCKER_HOST")) return {socket_of(*host)};
  std::vector<std::filesystem::path> sockets{"/var/run/docker.sock"};
  if (const std::optional<std::string> runtime = value_of(environment, "XDG_RUNTIME_DIR")) {
    sockets.push_back(std::filesystem::path(*runtime) / "docker.sock");  // docker without root
    sockets.push_back(std::filesystem::path(*runtime) / "podman/podman.sock");
  }
  sockets.emplace_back("/run/podman/podman.sock");
  return sockets;
}

std::filesystem::path choose_daemon_socket(const std::vector<std::filesystem::path>& sockets) {
  std::filesystem::path refused;
  int why = 0;
  for (const std::filesystem::path& socket : sockets) {
    const int reason = why_unusable(socket);
    if (reason == 0) return socket;
    if (why != 0 || is_missing(reason)) continue;
    refused = socket;
    why = reason;
  }
  if (why == 0) {
    throw Error(ErrorKind::Network, fmt::format("no docker or podman listens at {}", quoted(sockets)))
        .hint("start docker, or `systemctl --user start podman.socket`, or set `DOCKER_HOST=unix:///PATH`");
  }
  Error error(ErrorKind::Network,
              fmt::format("the daemon's socket `{}` cannot be used: {}", printable(refused.string()),
                          to_lower(std::generic_category().message(why))));
  if (why == EACCES) {
    throw error.hint("join the group that the socket belongs to (`ls -l` shows it), or use a podman of your own");
  }
  throw error.hint("check `DOCKER_HOST`");
}

}  // namespace mlbuild
