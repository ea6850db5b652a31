// The program that runs inside: static, so that a root tree of one file is enough. Each word does one thing that the
// contract speaks about and says what came of it on stdout.
#include "probe_attacks.hpp"

#include <fcntl.h>
#include <linux/if_alg.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <vector>

namespace {

int print_environment(const Arguments&) {
  for (char** pair = environ; *pair != nullptr; ++pair) std::puts(*pair);
  return 0;
}

int print_file(const Arguments& words) {
  std::ifstream in(words.at(0));
  if (!in) return say(-1);
  std::cout << in.rdbuf();
  return 0;
}

int write_file(const Arguments& words) {
  const int fd = ::open(words.at(0).c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  return say(fd < 0 ? -1 : ::write(fd, "x", 1));
}

int list(const Arguments& words) {
  for (const auto& entry : std::filesystem::directory_iterator(words.at(0))) std::puts(entry.path().filename().c_str());
  return 0;
}

int list_descriptors(const Arguments&) {
  for (int fd = 0; fd < 1024; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) std::printf("%d\n", fd);
  }
  return 0;
}

int list_processes(const Arguments&) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (std::isdigit(static_cast<unsigned char>(name.front())) != 0) std::puts(name.c_str());
  }
  return 0;
}

int connect_to(const Arguments& words) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(words.at(0) == "loopback" ? INADDR_LOOPBACK : 0x01010101U);
  address.sin_port = htons(static_cast<std::uint16_t>(words.size() > 1 ? std::stoi(words[1]) : 1));
  return say(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address));
}

int make_socket(const Arguments& words) { return say(::socket(std::stoi(words.at(0)), SOCK_STREAM, 0)); }

/// Makes a file grow for as long as it lives.
int beat(const Arguments& words) {
  for (;;) {
    std::ofstream(words.at(0), std::ios::app) << "x";
    ::usleep(10'000);
  }
}

/// Leaves a daemon in a session of its own that holds stdout.
int leave_daemon(const Arguments& words) {
  if (::fork() != 0) return 0;
  ::setsid();
  if (::fork() != 0) ::_exit(0);
  return beat(words);
}

/// Itself and a grandchild of its own session ignore SIGTERM.
int ignore_term(const Arguments&) {
  ::signal(SIGTERM, SIG_IGN);
  if (::fork() == 0) ::setsid();
  for (;;) ::pause();
}

int on_term_say_goodbye(const Arguments& words) {
  ::signal(SIGTERM, [](int) {
    ::write(1, "goodbye\n", 8);
    ::_exit(0);
  });
  if (!words.empty()) ::close(::open(words.at(0).c_str(), O_WRONLY | O_CREAT, 0666));  // it listens
  for (;;) ::pause();
}

int eat_memory(const Arguments& words) {
  for (long eaten = 0, limit = std::stol(words.at(0)); eaten < limit; eaten += 1 << 20) {
    void* page = ::mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return 3;
    std::memset(page, 1, 1 << 20);
    ::usleep(500);
  }
  return 0;
}

/// How many children can live at once.
int fork_many(const Arguments& words) {
  int living = 0;
  for (; living < std::stoi(words.at(0)); ++living) {
    const pid_t child = ::fork();
    if (child < 0) break;
    if (child == 0) {
      ::pause();
      ::_exit(0);
    }
  }
  std::printf("%d\n", living);
  return 0;
}

/// Works for so many milliseconds of the clock; prints how many of a processor's that were.
int spin(const Arguments& words) {
  const auto milliseconds = [](clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
  };
  const long end = milliseconds(CLOCK_MONOTONIC) + std::stol(words.at(0));
  while (milliseconds(CLOCK_MONOTONIC) < end) {
  }
  std::printf("%ld\n", milliseconds(CLOCK_PROCESS_CPUTIME_ID));
  return 0;
}

int fill(const Arguments& words) {
  const int fd = ::open(words.at(0).c_str(), O_WRONLY | O_CREAT, 0666);
  const std::vector<char> block(1 << 20, 'x');
  long total = std::stol(words.at(1)) >> 20;
  ::signal(SIGXFSZ, SIG_IGN);
  while (total > 0 && ::write(fd, block.data(), block.size()) == static_cast<ssize_t>(block.size())) --total;
  return say(total == 0 ? 0 : -1);
}

int chatter(const Arguments& words) {
  const std::string line(999, 'y');
  for (long i = 0; i < std::stol(words.at(0)); ++i) std::puts(line.c_str());
  return 0;
}

int status(const Arguments& words) {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(words.at(0) + ":"))
      std::puts(line.substr(line.find_first_not_of(" \t", words[0].size() + 1)).c_str());
  }
  return 0;
}

int limit(const Arguments& words) {
  rlimit value{};
  ::getrlimit(words.at(0) == "core" ? RLIMIT_CORE : RLIMIT_NOFILE, &value);
  std::printf("%lu\n", static_cast<unsigned long>(value.rlim_max));
  return 0;
}

int print_umask(const Arguments&) {
  std::printf("%03o\n", static_cast<unsigned>(::umask(0)));
  return 0;
}

int own(const Arguments& words) {
  const std::string& path = words.at(0);
  const bool answered = ::chown(path.c_str(), 12, 34) == 0 && ::lchown(path.c_str(), 0, 42) == 0;
  return say(answered ? 0 : -1);
}

int set_id_bit(const Arguments& words) { return say(::chmod(words.at(0).c_str(), 04755)); }

/// A file whose program would run as somebody else. A nameless one gets its name through a link later.
int make_set_id_file(const Arguments& words) {
  constexpr long kChangeModeAt = 452;  // fchmodat2, newer than the headers
  const std::string& way = words.at(0);
  const char* const path = words.at(1).c_str();
  if (way == "create") return say(::open(path, O_WRONLY | O_CREAT, 04755));
  if (way == "create-group") return say(::open(path, O_WRONLY | O_CREAT, 02755));
  if (way == "nameless") return say(::open(path, O_WRONLY | O_TMPFILE, 04755));
  if (way == "nameless-group") return say(::open(path, O_RDWR | O_TMPFILE, 02755));
#ifdef SYS_open
  if (way == "nameless-old") return say(::syscall(SYS_open, path, O_RDWR | O_TMPFILE, 06755));
#endif
  if (way == "creat") return say(::creat(path, 04755));
  if (way == "node") return say(::mknod(path, S_IFREG | 04755, 0));
  if (way == "change") return say(::fchmodat(AT_FDCWD, path, 04755, 0));
  return say(::syscall(kChangeModeAt, AT_FDCWD, path, 04755, 0));
}

int make_nameless_file(const Arguments& words) { return say(::open(words.at(0).c_str(), O_WRONLY | O_TMPFILE, 0755)); }

/// The getpid of the 32-bit ABI.
int old_abi(const Arguments&) {
#ifdef __x86_64__
  long result = 20;
  asm volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
  std::printf("%ld\n", result);
#endif
  return 0;
}

long clone_into(unsigned long flags) { return ::syscall(SYS_clone, flags | SIGCHLD, nullptr, nullptr, nullptr, 0); }

const std::map<std::string, std::function<long()>> kSystemCalls = {
    {"mount", [] { return ::mount("tmpfs", "/tmp", "tmpfs", 0, nullptr); }},
    {"umount", [] { return ::umount2("/tmp", MNT_DETACH); }},
    {"remount", [] { return ::mount(nullptr, "/proc/sys", nullptr, MS_REMOUNT | MS_BIND, nullptr); }},
    {"unshare", [] { return ::unshare(CLONE_NEWUSER); }},
    {"clone-newuser", [] { return clone_into(CLONE_NEWUSER); }},
    {"clone-newns", [] { return clone_into(CLONE_NEWNS); }},
    {"clone-newpid", [] { return clone_into(CLONE_NEWPID); }},
    {"clone-newnet", [] { return clone_into(CLONE_NEWNET); }},
    {"clone-newipc", [] { return clone_into(CLONE_NEWIPC); }},
    {"clone-newuts", [] { return clone_into(CLONE_NEWUTS); }},
    {"clone-newcgroup", [] { return clone_into(CLONE_NEWCGROUP); }},
    {"clone3", [] { return ::syscall(SYS_clone3, nullptr, 0); }},
    {"setns", [] { return ::setns(::open("/proc/self/ns/mnt", O_RDONLY), 0); }},
    {"pivot_root", [] { return ::syscall(SYS_pivot_root, "/tmp", "/tmp"); }},
    {"fsopen", [] { return ::syscall(SYS_fsopen, "tmpfs", 0); }},
    {"open_tree", [] { return ::syscall(SYS_open_tree, AT_FDCWD, "/", 1); }},
    {"move_mount", [] { return ::syscall(SYS_move_mount, AT_FDCWD, "/tmp", AT_FDCWD, "/etc", 0); }},
    {"mount_setattr", [] { return ::syscall(SYS_mount_setattr, AT_FDCWD, "/proc/sys", 0, nullptr, 0); }},
    {"chroot", [] { return ::chroot("/tmp"); }},
    {"ptrace", [] { return ::ptrace(PTRACE_ATTACH, 1, nullptr, nullptr); }},
    {"process_vm_readv", [] { return ::syscall(SYS_process_vm_readv, 1, nullptr, 0, nullptr, 0, 0); }},
    {"process_vm_writev", [] { return ::syscall(SYS_process_vm_writev, 1, nullptr, 0, nullptr, 0, 0); }},
    {"pidfd_getfd", [] { return ::syscall(SYS_pidfd_getfd, ::syscall(SYS_pidfd_open, 1, 0), 0, 0); }},
    {"add_key", [] { return ::syscall(SYS_add_key, "user", "x", "x", 1, -3); }},
    {"request_key", [] { return ::syscall(SYS_request_key, "user", "x", nullptr, 0); }},
    {"keyctl", [] { return ::syscall(SYS_keyctl, 0, 0, 0, 0, 0); }},
    {"bpf", [] { return ::syscall(SYS_bpf, 0, nullptr, 0); }},
    {"perf", [] { return ::syscall(SYS_perf_event_open, nullptr, 0, -1, -1, 0); }},
    {"userfaultfd", [] { return ::syscall(SYS_userfaultfd, 0); }},
    {"io_uring", [] { return ::syscall(SYS_io_uring_setup, 1, nullptr); }},
    {"kexec", [] { return ::syscall(SYS_kexec_load, 0, 0, nullptr, 0); }},
    {"module", [] { return ::syscall(SYS_finit_module, 0, "", 0); }},
    {"open_by_handle", [] { return ::syscall(SYS_open_by_handle_at, 0, nullptr, 0); }},
    {"mknod", [] { return ::mknod("/tmp/device", S_IFCHR | 0666, 0x103); }},
    {"tiocsti", [] { return ::syscall(SYS_ioctl, 0, 0x5412, "x"); }},
    {"setuid", [] { return ::setuid(1); }},
};

int system_call(const Arguments& words) { return say(kSystemCalls.at(words.at(0))()); }

const std::map<std::string, int (*)(const Arguments&)> kWords = {
    {"attack", attack},
    {"exit", [](const Arguments& words) { return std::stoi(words.at(0)); }},
    {"signal", [](const Arguments& words) { return ::raise(std::stoi(words.at(0))); }},
    {"environment", print_environment},
    {"print", print_file},
    {"write", write_file},
    {"list", list},
    {"descriptors", list_descriptors},
    {"processes", list_processes},
    {"connect", connect_to},
    {"socket", make_socket},
    {"heartbeat", beat},
    {"daemon", leave_daemon},
    {"ignore-term", ignore_term},
    {"goodbye", on_term_say_goodbye},
    {"memory", eat_memory},
    {"forks", fork_many},
    {"spin", spin},
    {"fill", fill},
    {"chatter", chatter},
    {"status", status},
    {"limit", limit},
    {"umask", print_umask},
    {"own", own},
    {"set-id", set_id_bit},
    {"set-id-file", make_set_id_file},
    {"nameless-file", make_nameless_file},
    {"old-abi", old_abi},
    {"call", system_call},
    {"user", [](const Arguments&) { return std::printf("%u:%u\n", ::getuid(), ::getgid()) < 0 ? 1 : 0; }},
    {"hostname",
     [](const Arguments&) {
       char name[64] = {};
       ::gethostname(name, sizeof name);
       return std::puts(name) < 0 ? 1 : 0;
     }},
    {"directory", [](const Arguments&) { return std::puts(std::filesystem::current_path().c_str()) < 0 ? 1 : 0; }},
    {"echo",
     [](const Arguments&) {
       std::cout << std::cin.rdbuf();
       return 0;
     }},
};

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  if (argc < 2 || !kWords.contains(argv[1])) return 99;
  return kWords.at(argv[1])({argv + 2, argv + argc});
}
