#include "probe_attacks.hpp"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill is POSIX
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <map>

int say(long result) {
  std::puts(result >= 0 ? "ok" : ::strerrorname_np(errno));
  return 0;
}

namespace {

constexpr std::size_t kBlock = std::size_t{1} << 20U;

int connect_version_6(const Arguments& words) {
  const int fd = ::socket(AF_INET6, SOCK_STREAM, 0);
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  ::inet_pton(AF_INET6, words.at(1).c_str(), &address.sin6_addr);
  address.sin6_port = htons(static_cast<std::uint16_t>(std::stoi(words.at(2))));
  return say(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address));
}

/// An abstract Unix socket: a name without a file, so no mount hides it.
int connect_abstract(const Arguments& words) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, words.at(1).data(), words.at(1).size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + words.at(1).size());
  return say(::connect(fd, reinterpret_cast<sockaddr*>(&address), size));
}

int send_signal(const Arguments& words) { return say(::kill(std::stoi(words.at(1)), std::stoi(words.at(2)))); }

/// Doubles for ever.
int bomb(const Arguments&) {
  for (;;) ::fork();
}

/// A bomb whose children hide in sessions of their own and outlive their parents.
int scatter(const Arguments&) {
  for (;;) {
    if (::fork() == 0) ::setsid();
    if (::fork() != 0) ::_exit(0);
    ::usleep(1000);
  }
}

/// Keeps in a file what `ls` and `du` do not see.
int fill_deleted(const Arguments& words) {
  const int fd = ::open(words.at(1).c_str(), O_WRONLY | O_CREAT, 0666);
  ::unlink(words.at(1).c_str());
  const std::vector<char> block(kBlock, 'x');
  for (long left = std::stol(words.at(2)) >> 20; left > 0; --left) {
    if (::write(fd, block.data(), block.size()) < 0) return say(-1);
    ::usleep(2000);
  }
  return say(0);
}

/// Keeps in memory what belongs to no process's pages.
int fill_memory_file(const Arguments& words) {
  const int fd = ::memfd_create("hidden", 0);
  const std::vector<char> block(kBlock, 'x');
  for (long left = std::stol(words.at(1)) >> 20; left > 0; --left) {
    if (::write(fd, block.data(), block.size()) < 0) return say(-1);
    ::usleep(2000);
  }
  return say(0);
}

/// Many files, each small enough for any limit on one.
int fill_many(const Arguments& words) {
  const std::vector<char> block(kBlock, 'x');
  for (long i = 0; i < std::stol(words.at(2)) >> 20; ++i) {
    const int fd = ::open((words.at(1) + std::to_string(i)).c_str(), O_WRONLY | O_CREAT, 0666);
    if (fd < 0 || ::write(fd, block.data(), block.size()) < 0) return say(-1);
    ::close(fd);
    ::usleep(2000);
  }
  return say(0);
}

/// Many files where no path is long enough to name them.
int fill_deep(const Arguments& words) {
  const std::string name(250, 'd');
  for (int depth = 0; depth < 20; ++depth) {
    if (::mkdir(name.c_str(), 0700) != 0 || ::chdir(name.c_str()) != 0) return say(-1);
  }
  return fill_many(words);
}

/// Many files in a directory that its owner may not list.
int fill_locked(const Arguments& words) {
  ::mkdir("locked", 0700);
  if (::chdir("locked") != 0 || ::chmod(".", std::stoi(words.at(3), nullptr, 8)) != 0) return say(-1);
  return fill_many(words);
}

/// Directories that their owner may not enter: who removes them has to see to that first.
int lock_directories(const Arguments&) {
  ::mkdir("/locked", 0700);
  ::mkdir("/locked/inner", 0700);
  ::close(::open("/locked/inner/file", O_WRONLY | O_CREAT, 0600));
  ::chmod("/locked/inner", 0);
  return say(::chmod("/locked", 0));
}

/// Up from every directory that a descriptor can be had of, 64 levels, and then down again.
int climb(const Arguments& words) {
  for (const char* start : {"/", "/proc/self/root", "/proc/self/cwd", "/proc/1/root", "/proc/1/cwd", "/dev", "/tmp"}) {
    int fd = ::open(start, O_PATH | O_DIRECTORY);
    for (int i = 0; fd >= 0 && i < 64; ++i) fd = ::openat(fd, "..", O_PATH | O_DIRECTORY);
    if (fd >= 0 && ::faccessat(fd, words.at(1).c_str() + 1, F_OK, 0) == 0) return std::puts(start) < 0 ? 1 : 0;
  }
  std::puts("nowhere");
  return 0;
}

/// Looks into every process that /proc shows for what is not its own: root, working directory, descriptors.
int search_processes(const Arguments& words) {
  DIR* processes = ::opendir("/proc");
  while (const dirent* entry = ::readdir(processes)) {
    const std::string process = std::string("/proc/") + entry->d_name;
    for (const char* way : {"/root", "/cwd", "/cwd/../../../../../../../.."}) {
      if (::access((process + way + words.at(1)).c_str(), F_OK) == 0) return std::puts(process.c_str()) < 0 ? 1 : 0;
    }
  }
  std::puts("nowhere");
  return 0;
}

/// Files below a directory of /proc that may be opened for writing; processes' own are left out.
void find_writable(const std::string& directory) {
  DIR* entries = ::opendir(directory.c_str());
  if (entries == nullptr) return;
  while (const dirent* entry = ::readdir(entries)) {
    const std::string name = entry->d_name;
    const std::string path = directory + "/" + name;
    if (name == "." || name == ".." || (directory == "/proc" && name.find_first_not_of("0123456789") != 0)) continue;
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) continue;
    if (S_ISDIR(status.st_mode)) find_writable(path);
    if (S_ISREG(status.st_mode) && ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC) >= 0)
      std::puts(path.c_str());
  }
  ::closedir(entries);
}

int write_settings(const Arguments&) {
  find_writable("/proc");
  return 0;
}

/// Moves a directory away and puts a file, or a link, in its place.
int supplant(const Arguments& words) {
  if (::rename(words.at(1).c_str(), (words.at(1) + ".old").c_str()) != 0) return say(-1);
  if (words.at(2) == "link") return say(::symlink("elsewhere", words.at(1).c_str()));
  return say(::open(words.at(1).c_str(), O_WRONLY | O_CREAT | O_EXCL, 0666));
}

int replace(const Arguments& words) {
  ::unlink(words.at(1).c_str());
  const int fd = ::open(words.at(1).c_str(), O_WRONLY | O_CREAT | O_EXCL, 0666);
  return say(::write(fd, "x", 1));
}

#ifdef __x86_64__
/// A system call of the x32 ABI, which has the same instruction and other numbers.
int call_x32(const Arguments&) { return say(::syscall(0x40000000 + SYS_getpid)); }
#else
int call_x32(const Arguments&) { return ::raise(SIGSYS); }
#endif

const std::map<std::string, int (*)(const Arguments&)> kAttacks = {
    {"connect6", connect_version_6},
    {"abstract", connect_abstract},
    {"kill", send_signal},
    {"bomb", bomb},
    {"scatter", scatter},
    {"fill-deleted", fill_deleted},
    {"fill-memory-file", fill_memory_file},
    {"fill-many", fill_many},
    {"fill-deep", fill_deep},
    {"fill-locked", fill_locked},
    {"lock", lock_directories},
    {"climb", climb},
    {"search", search_processes},
    {"replace", replace},
    {"supplant", supplant},
    {"settings", write_settings},
    {"x32", call_x32},
};

}  // namespace

int attack(const Arguments& words) { return kAttacks.at(words.at(0))(words); }
