#include "support/docker_daemon.hpp"

#include "mlbuild/base/text.hpp"
#include "mlbuild/sys/atomic_file.hpp"
#include "mlbuild/sys/disk_file.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>

namespace mlbuild::test {
namespace {

constexpr const char* kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr std::chrono::milliseconds kStep{50};
constexpr int kStartSteps = 1200;
constexpr int kStopSteps = 600;

std::string program(const char* name) {
  const std::optional<std::filesystem::path> found = find_program(name);
  if (!found) {
    throw std::runtime_error(std::string(name) + " is not installed (docker.io in third_party/debian-packages.txt)");
  }
  return found->string();
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> raw;
  for (std::string& text : texts) raw.push_back(text.data());
  raw.push_back(nullptr);
  return raw;
}

// proc(5), mountinfo: the fifth field is the place, in the order in which they were mounted.
std::vector<std::string> mount_points() {
  const std::filesystem::path table = "/proc/self/mountinfo";
  const std::string text = std::filesystem::exists(table) ? read_text_file(table) : "";
  std::vector<std::string> places;
  for (const std::string_view line : split_lines(text)) {
    const std::vector<std::string_view> fields = split(line, ' ');
    if (fields.size() > 4) places.emplace_back(fields[4]);
  }
  return places;
}

// dockerd starts below a chroot, too, but remounts "/" to unpack a layer, which only a mount can be.
void check_root_is_mount() {
  const std::vector<std::string> places = mount_points();
  if (std::ranges::find(places, "/") != places.end()) return;
  throw DaemonUnavailable("below a chroot dockerd unpacks no layers: \"remount /: invalid argument\"");
}

}  // namespace

DockerDaemon::DockerDaemon() {
  check_root_is_mount();
  write_file_atomically(directory_.path() / "daemon.json", "{}");  // not the machine's own
  program("docker");
  start();
  try {
    wait_until_it_answers();
  } catch (...) {
    stop();
    throw;
  }
}

// vfs needs neither overlay mounts nor a certain file system; the namespaces keep away from a containerd of the
// machine.
void DockerDaemon::start() {
  const std::string directory = directory_.path().string();
  std::vector<std::string> argv{program("dockerd"),
                                "--config-file=" + directory + "/daemon.json",
                                "--data-root=" + directory + "/data",
                                "--exec-root=" + directory + "/exec",
                                "--pidfile=" + directory + "/docker.pid",
                                "--host=unix://" + socket().string(),
                                "--containerd-namespace=mlbuild-test",
                                "--containerd-plugins-namespace=mlbuild-test-plugins",
                                "--storage-driver=vfs",
                                "--bridge=none",
                                "--iptables=false",
                                "--ip6tables=false"};
  std::vector<std::string> environment{std::string("PATH=") + kPath, "HOME=" + directory, "TMPDIR=" + directory};
  const std::vector<char*> raw_argv = pointers(argv);
  const std::vector<char*> raw_environment = pointers(environment);
  const std::string log = directory + "/log";
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("cannot fork");
  if (pid_ > 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(out, STDERR_FILENO);
  ::execve(raw_argv[0], raw_argv.data(), raw_environment.data());
  ::_exit(127);
}

void DockerDaemon::wait_until_it_answers() {
  for (int i = 0; i < kStartSteps; ++i) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      throw DaemonUnavailable("dockerd ended: " + last_words());
    }
    if (std::filesystem::exists(socket()) && docker({"version"}).ok()) return;
    std::this_thread::sleep_for(kStep);
  }
  throw DaemonUnavailable("dockerd does not answer: " + last_words());
}

CommandResult DockerDaemon::docker(std::vector<std::string> arguments) const {
  Command command;
  command.argv = {program("docker"), "--host", "unix://" + socket().string()};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.env = {{"PATH", kPath}, {"HOME", directory_.path().string()}};
  command.deadline = std::chrono::minutes(1);
  const Cancellation never;
  return run_command(command, never);
}

std::vector<std::string> DockerDaemon::stop() {
  if (pid_ > 0) ::kill(pid_, SIGTERM);
  for (int i = 0; pid_ > 0; ++i) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
    } else if (i == kStopSteps) {
      ::kill(pid_, SIGKILL);
    } else {
      std::this_thread::sleep_for(kStep);
    }
  }
  const std::vector<std::string> left = mounts();
  for (auto mount = left.rbegin(); mount != left.rend(); ++mount) ::umount2(mount->c_str(), MNT_DETACH);
  return left;
}

std::vector<std::string> DockerDaemon::mounts() const {
  std::vector<std::string> found = mount_points();
  std::erase_if(found, [&](const std::string& place) { return !place.starts_with(directory_.path().string() + "/"); });
  return found;
}

std::string DockerDaemon::last_words() const {
  constexpr std::size_t kLines = 5;
  const std::filesystem::path log = directory_.path() / "log";
  const std::string text = std::filesystem::exists(log) ? read_text_file(log) : "";
  const std::vector<std::string_view> lines = split_lines(text);
  std::string words;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i + kLines >= lines.size() || lines[i].starts_with("panic:")) words += "\n  " + printable(lines[i]);
  }
  return words;
}

DockerDaemon::~DockerDaemon() { stop(); }

}  // namespace mlbuild::test
