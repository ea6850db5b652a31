#include "support/docker_registry.hpp"

#include "mlbuild/base/text.hpp"
#include "mlbuild/sys/atomic_file.hpp"
#include "mlbuild/sys/child_process.hpp"
#include "mlbuild/sys/disk_file.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <stdexcept>
#include <thread>

namespace mlbuild::test {
namespace {

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof(address);
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  const bool ok = ::bind(socket, raw, size) == 0 && ::getsockname(socket, raw, &size) == 0;
  ::close(socket);
  if (!ok) throw std::runtime_error("no free port on 127.0.0.1");
  return ntohs(address.sin_port);
}

std::string output_of(std::vector<std::string> argv) {
  const Cancellation never;
  Command command;
  command.argv = std::move(argv);
  command.env = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}};
  const CommandResult result = run_command(command, never);
  if (!result.ok()) throw std::runtime_error(command.argv[0] + ": " + result.err);
  return result.out;
}

}  // namespace

DockerRegistry::DockerRegistry(Options options) : port_(free_port()) {
  const std::string directory = directory_.path().string();
  if (options.login)
    write_file_atomically(directory_.path() / "htpasswd", output_of({"htpasswd", "-Bbn", "user", "secret"}));
  if (options.tls) {
    output_of({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
               "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout",
               directory + "/server.key", "-out", certificate().string()});
  }
  if (options.client_certificate) {
    output_of({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
               "-days", "2", "-subj", "/CN=client", "-addext", "extendedKeyUsage=clientAuth", "-keyout",
               directory + "/client.key", "-out", client_certificate().string()});
  }
  write_configuration(options);
  start();
}

void DockerRegistry::write_configuration(const Options& options) const {
  const std::string directory = directory_.path().string();
  std::string text = fmt::format(
      "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp:\n  addr: "
      "127.0.0.1:{}\n",
      data().string(), port_);
  if (options.tls) {
    const std::string clients =
        options.client_certificate ? fmt::format(", clientcas: [{}]", client_certificate().string()) : "";
    text +=
        fmt::format("  tls: {{certificate: {}, key: {}/server.key{}}}\n", certificate().string(), directory, clients);
  }
  if (options.login) text += fmt::format("auth: {{htpasswd: {{realm: test, path: {}/htpasswd}}}}\n", directory);
  write_file_atomically(directory_.path() / "config.yml", text);
}

void DockerRegistry::start() {
  const std::optional<std::filesystem::path> program = find_program("docker-registry");
  if (!program) throw std::runtime_error("docker-registry is not installed (third_party/debian-packages.txt, [test])");
  const std::string configuration = (directory_.path() / "config.yml").string();
  const std::string log = (directory_.path() / "log").string();
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("cannot fork");
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    ::execl(program->c_str(), "docker-registry", "serve", configuration.c_str(), nullptr);
    ::_exit(127);
  }
  for (int i = 0; i < 500 && !answers(); ++i) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      throw std::runtime_error("docker-registry ended: " + read_text_file(log));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

DockerRegistry::~DockerRegistry() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  int status = 0;
  ::waitpid(pid_, &status, 0);
}

bool DockerRegistry::answers() const {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port_);
  const bool connected = ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  ::close(socket);
  return connected;
}

std::string DockerRegistry::host() const { return fmt::format("localhost:{}", port_); }

// Combined log format: client - - [time] "PUT /v2/... HTTP/1.1" 201 0 "" "agent"
std::vector<std::string> DockerRegistry::log() const {
  std::vector<std::string> requests;
  const std::string text = read_text_file(directory_.path() / "log");
  for (const std::string_view line : split_lines(text)) {
    const std::vector<std::string_view> quoted = split(line, '"');
    if (quoted.size() < 3 || quoted[1].find(" HTTP/") == std::string_view::npos) continue;
    const std::string_view request = quoted[1].substr(0, quoted[1].find(" HTTP/"));
    requests.push_back(fmt::format("{} {}", request.substr(0, request.find('?')), trim(quoted[2]).substr(0, 3)));
  }
  return requests;
}

std::vector<std::string> DockerRegistry::log_of(const std::string& beginning, std::size_t since) const {
  std::vector<std::string> chosen = log();
  chosen.erase(chosen.begin(), chosen.begin() + static_cast<std::ptrdiff_t>(since));
  std::erase_if(chosen, [&](const std::string& line) { return !line.starts_with(beginning); });
  return chosen;
}

}  // namespace mlbuild::test
