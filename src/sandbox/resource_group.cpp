#include "resource_group.hpp"

#include "file_system_kind.hpp"

#include "mlbuild/base/text.hpp"
#include "mlbuild/sys/fd.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <sstream>
#include <system_error>
#include <vector>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPrefix = "mlbuild-run-";
constexpr std::time_t kSettledAfterSeconds = 60;

std::string read_small(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// False also when the file is not there: then the controller is not enabled.
bool write_value(const fs::path& path, const std::string& value) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return fd.valid() && ::write(fd.get(), value.data(), value.size()) == static_cast<ssize_t>(value.size());
}

/// Directory of our own group: cgroups(7), "/proc/pid/cgroup": "id:controllers:path", version 2 has no controllers.
std::optional<fs::path> own_group(std::string_view controller) {
  const std::string text = read_small("/proc/self/cgroup");
  for (const std::string_view line : split_lines(text)) {
    const std::vector<std::string_view> fields = split(line, ':');
    if (fields.size() < 3 || fields[1] != controller) continue;
    fs::path directory = fs::path("/sys/fs/cgroup") / controller / fs::path(fields[2]).relative_path();
    std::error_code ignored;
    if (fs::is_directory(directory, ignored)) return directory;
  }
  return std::nullopt;
}

constexpr std::int64_t kPeriodMicroseconds = 100000;

/// Processor time in each period; the kernel takes no less than a millisecond.
std::int64_t quota_of(double processors) {
  return std::max<std::int64_t>(1000, static_cast<std::int64_t>(processors * kPeriodMicroseconds));
}

/// With version 1 the same path is an ordinary memory file system that holds the controllers' mount points.
bool is_version_2(const fs::path& directory) { return is_on(directory, CGROUP2_SUPER_MAGIC); }

/// Made long enough ago to have its process, if that will ever come.
bool is_settled(const fs::path& group) {
  struct stat status {};
  return ::stat(group.c_str(), &status) == 0 && ::time(nullptr) - status.st_ctim.tv_sec > kSettledAfterSeconds;
}

/// A group cannot be removed while a process is in it, which leaves out the runs that go on; those that are just being
/// started have none yet.
void remove_abandoned(const fs::path& parent) {
  std::error_code error;
  for (fs::directory_iterator entry(parent, error), end; !error && entry != end; entry.increment(error)) {
    const fs::path& group = entry->path();
    if (group.filename().string().starts_with(kPrefix) && is_settled(group)) ::rmdir(group.c_str());
  }
}

std::string group_name(pid_t program, pid_t helper) { return fmt::format("{}{}-{}", kPrefix, program, helper); }

fs::path make_group(const fs::path& parent) {
  if (::access(parent.c_str(), W_OK) != 0) return {};
  remove_abandoned(parent);
  fs::path group = parent / group_name(::getppid(), ::getpid());
  return ::mkdir(group.c_str(), 0755) == 0 ? group : fs::path();
}

/// A killed process leaves its group a moment after it was reaped.
void remove_group(const fs::path& group) {
  constexpr int kAttempts = 2000;
  for (int i = 0; !group.empty() && ::rmdir(group.c_str()) != 0 && errno == EBUSY && i < kAttempts; ++i) ::usleep(1000);
}

std::uint64_t count_of(const fs::path& path, std::string_view key) {
  const std::string text = read_small(path);
  for (const std::string_view line : split_lines(text)) {
    if (line.starts_with(key) && line.size() > key.size() && line[key.size()] == ' ') {
      return std::strtoull(std::string(line.substr(key.size() + 1)).c_str(), nullptr, 10);
    }
  }
  return 0;
}

}  // namespace

ResourceGroup::ResourceGroup(const SandboxJob& job) {
  if (!try_version_2(job)) try_version_1(job);
}

bool ResourceGroup::try_version_2(const SandboxJob& job) {
  const auto parent = own_group("");
  if (!parent || !is_version_2(*parent)) return false;
  const fs::path group = make_group(*parent);
  if (group.empty()) return false;
  const bool memory =
      write_value(group / "memory.max", job.memory_limit_bytes == 0 ? "max" : std::to_string(job.memory_limit_bytes));
  const bool processes = write_value(group / "pids.max", std::to_string(job.process_limit + 1));  // and pid 1
  limits_processors_ =
      job.processor_limit > 0 &&
      write_value(group / "cpu.max", fmt::format("{} {}", quota_of(job.processor_limit), kPeriodMicroseconds));
  if (!memory && !processes && !limits_processors_) {
    ::rmdir(group.c_str());
    return false;
  }
  write_value(group / "memory.oom.group", "1");
  write_value(group / "memory.swap.max", "0");
  memory_ = processes_ = processors_ = group;
  limits_processes_ = processes;
  limits_memory_ = memory && job.memory_limit_bytes != 0;
  return true;
}

void ResourceGroup::try_version_1(const SandboxJob& job) {
  if (const auto parent = own_group("memory"); parent && job.memory_limit_bytes != 0) {
    memory_ = make_group(*parent);
    limits_memory_ =
        !memory_.empty() && write_value(memory_ / "memory.limit_in_bytes", std::to_string(job.memory_limit_bytes));
    if (limits_memory_) write_value(memory_ / "memory.swappiness", "0");
  }
  if (const auto parent = own_group("pids")) {
    processes_ = make_group(*parent);
    limits_processes_ =
        !processes_.empty() && write_value(processes_ / "pids.max", std::to_string(job.process_limit + 1));
  }
  const auto processors = own_group("cpu") ? own_group("cpu") : own_group("cpu,cpuacct");
  if (processors && job.processor_limit > 0) {
    processors_ = make_group(*processors);
    limits_processors_ = !processors_.empty() &&
                         write_value(processors_ / "cpu.cfs_period_us", std::to_string(kPeriodMicroseconds)) &&
                         write_value(processors_ / "cpu.cfs_quota_us", std::to_string(quota_of(job.processor_limit)));
  }
}

ResourceGroup::~ResourceGroup() {
  for (const fs::path& group : {memory_, processes_, processors_}) remove_group(group);
}

void remove_groups_of(pid_t helper) {
  for (const char* controller : {"", "memory", "pids", "cpu", "cpu,cpuacct"}) {
    if (const auto parent = own_group(controller)) remove_group(*parent / group_name(::getpid(), helper));
  }
}

void ResourceGroup::add(pid_t process) {
  for (const fs::path& group : {memory_, processes_, processors_}) {
    if (!group.empty() && !write_value(group / "cgroup.procs", std::to_string(process)) && group == memory_)
      limits_memory_ = false;
  }
}

bool ResourceGroup::ran_out_of_memory() const {
  if (!limits_memory_) return false;
  return count_of(memory_ / "memory.oom_control", "oom_kill") + count_of(memory_ / "memory.events", "oom_kill") > 0;
}

}  // namespace mlbuild
