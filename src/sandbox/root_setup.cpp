#include "root_setup.hpp"

#include "mount_point.hpp"

#include "mlbuild/sys/write_all.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {
namespace {

constexpr unsigned long kPlain = MS_NOSUID | MS_NODEV;

// When the caller is root, user 0 inside is user 0 outside, and the kernel lets that user write sysctls by mere
// ownership, capabilities or not: /proc/sys/kernel/core_pattern would be a way out, /proc/scsi/scsi takes disks away
// (CVE-2017-16539).
constexpr const char* kReadOnlyInProc[] = {
    "proc/sys",    "proc/sysrq-trigger", "proc/irq",           "proc/bus",  "proc/fs",       "proc/acpi",
    "proc/asound", "proc/driver",        "proc/dynamic_debug", "proc/mtrr", "proc/pressure", "proc/scsi"};
constexpr const char* kHiddenInProc[] = {"proc/kcore",       "proc/keys",          "proc/kmsg",    "proc/timer_list",
                                         "proc/sched_debug", "proc/latency_stats", "proc/kallsyms"};

/// What lies in memory file systems is memory, too, also where no control group counts it.
std::uint64_t temporary_limit(const SandboxJob& job) {
  return job.memory_limit_bytes == 0 ? job.temporary_limit_bytes
                                     : std::min(job.temporary_limit_bytes, job.memory_limit_bytes);
}

Fd open_on_host(const std::filesystem::path& path) {
  Fd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!fd.valid()) throw SetupFailure{stage::kBind, errno, path.string()};
  return fd;
}

bool is_directory(const Fd& fd) {
  struct stat status {};
  return ::fstat(fd.get(), &status) == 0 && S_ISDIR(status.st_mode);
}

void mount_memory(const Fd& target, std::uint64_t limit_bytes, const char* mode, unsigned long flags,
                  const char* name) {
  const std::string options = fmt::format("mode={},size={}", mode, limit_bytes);
  if (::mount("tmpfs", path_of(target).c_str(), "tmpfs", flags, options.c_str()) != 0) {
    throw SetupFailure{stage::kTemporary, errno, name};
  }
}

/// Options take the lower directories, top first, as paths of descriptors: no escaping of commas and colons, and short
/// enough for the one page that mount(2) reads. `volatile`: nothing in the upper directory outlives the run, so nothing
/// needs to reach the disk.
MountPoints mount_overlay(const SandboxJob& job) {
  std::vector<Fd> lower;
  std::vector<std::string> paths;
  for (auto root = job.roots.rbegin(); root != job.roots.rend(); ++root) {
    lower.push_back(open_on_host(*root));
    paths.push_back(path_of(lower.back()));
  }
  const std::string options =
      fmt::format("lowerdir={},upperdir=upper,workdir=work,userxattr,volatile", fmt::join(paths, ":"));
  if (::mount("overlay", "root", "overlay", kPlain, options.c_str()) != 0) {
    throw SetupFailure{stage::kOverlay, errno, job.roots.front().string()};
  }
  return MountPoints(open_on_host("root"));
}

void guard_proc(const MountPoints& points) {
  for (const char* path : kReadOnlyInProc) {
    const Fd entry = points.existing(path);
    if (entry.valid()) bind_mount(entry, entry, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, path);
  }
  const Fd nothing = open_on_host("/dev/null");
  for (const char* path : kHiddenInProc) {
    const Fd entry = points.existing(path);
    if (entry.valid()) bind_mount(nothing, entry, MOUNT_ATTR_RDONLY, path);
  }
}

/// A container that masks parts of its own /proc may not mount a fresh one (the kernel would uncover what is masked);
/// then the outer one is shown as it is.
EnteredRoot mount_proc(const MountPoints& points) {
  const Fd target = points.own_directory("proc");
  EnteredRoot result;
  if (::mount("proc", path_of(target).c_str(), "proc", kPlain | MS_NOEXEC, nullptr) != 0) {
    if (errno != EPERM) throw SetupFailure{stage::kProc, errno, ""};
    bind_mount(open_on_host("/proc"), target, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, "/proc");
    result = {SandboxLevel::L1, {stage::kProc, EPERM, ""}};
  }
  guard_proc(points);
  return result;
}

void make_devices(const MountPoints& points, const SandboxJob& job) {
  mount_memory(points.own_directory("dev"), 1U << 16U, "0755", MS_NOSUID | MS_NOEXEC, "/dev");
  const Fd devices = points.own_directory("dev");
  for (const std::string name : {"null", "zero", "full", "random", "urandom", "tty"}) {
    bind_mount(open_on_host("/dev/" + name), points.file("/dev/" + name), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
               "/dev/" + name);
  }
  for (const std::filesystem::path& device : job.devices) {
    bind_mount(open_on_host(device), points.file(device), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, device.string());
  }
  constexpr std::pair<const char*, const char*> kLinks[] = {
      {"fd", "/proc/self/fd"}, {"stdin", "fd/0"}, {"stdout", "fd/1"}, {"stderr", "fd/2"}};
  for (const auto& [name, target] : kLinks) {
    if (::symlinkat(target, devices.get(), name) != 0) throw SetupFailure{stage::kDevices, errno, name};
  }
  const Fd shared = points.own_directory("dev/shm");  // semaphores of Python's multiprocessing live there
  mount_attr change{};
  change.attr_set = MOUNT_ATTR_RDONLY;
  if (::mount_setattr(devices.get(), "", AT_EMPTY_PATH, &change, sizeof change) != 0) {
    throw SetupFailure{stage::kDevices, errno, "/dev"};
  }
  mount_memory(shared, temporary_limit(job), "1777", kPlain, "/dev/shm");
}

/// Names: the host's answers with its network, else localhost.
void provide_names(const MountPoints& points, const SandboxJob& job) {
  if (job.network) {
    for (const std::string path : {"/etc/resolv.conf", "/etc/hosts"}) {
      if (::access(path.c_str(), R_OK) != 0) continue;
      bind_mount(open_on_host(path), points.file(path), MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, path);
    }
    return;
  }
  const Fd hosts(::open(path_of(points.file("/etc/hosts")).c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
  constexpr std::string_view kText = "127.0.0.1 localhost mlbuild\n::1 localhost\n";
  if (!hosts.valid() || !write_all(hosts.get(), as_bytes(kText))) {
    throw SetupFailure{stage::kMountPoint, errno, "/etc/hosts"};
  }
}

void mount_for_job(const MountPoints& points, const SandboxJob& job) {
  std::vector<SandboxMount> mounts = job.mounts;
  std::sort(mounts.begin(), mounts.end(),
            [](const auto& a, const auto& b) { return a.inside < b.inside; });  // parents first
  for (const SandboxMount& mount : mounts) {
    const Fd source = open_on_host(mount.host);
    const Fd target = is_directory(source) ? points.directory(mount.inside) : points.file(mount.inside);
    const std::uint64_t read_only = mount.writable ? 0 : MOUNT_ATTR_RDONLY;
    bind_mount(source, target, read_only | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, mount.inside.string());
  }
}

/// pivot_root(".", ".") stacks the old root on top of the new one, where it is detached (pivot_root(2), NOTES). Filters
/// of containers often know no pivot_root; without capabilities the payload cannot leave a chroot either.
EnteredRoot change_root(const MountPoints& points) {
  if (::fchdir(points.root()) != 0) throw SetupFailure{stage::kPivot, errno, ""};
  if (::syscall(SYS_pivot_root, ".", ".") == 0) {
    if (::umount2(".", MNT_DETACH) != 0 || ::chdir("/") != 0) throw SetupFailure{stage::kPivot, errno, ""};
    return {};
  }
  const int error = errno;
  if (::mount(".", "/", nullptr, MS_MOVE, nullptr) != 0 || ::chroot(".") != 0 || ::chdir("/") != 0) {
    throw SetupFailure{stage::kPivot, errno, ""};
  }
  return {SandboxLevel::L1, {stage::kPivot, error, ""}};
}

}  // namespace

EnteredRoot enter_root(const SandboxJob& job) {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) throw SetupFailure{stage::kMounts, errno, ""};
  const MountPoints points = mount_overlay(job);
  const EnteredRoot by_proc = mount_proc(points);
  make_devices(points, job);
  mount_memory(points.own_directory("tmp"), temporary_limit(job), "1777", kPlain, "/tmp");
  provide_names(points, job);
  mount_for_job(points, job);
  points.directory(job.working_directory);
  const EnteredRoot by_pivot = change_root(points);
  return by_proc.level > by_pivot.level ? by_proc : by_pivot;
}

}  // namespace mlbuild
