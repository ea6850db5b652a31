#include "landlock.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace mlbuild {
namespace {

// The headers of the oldest distribution that we build on end at version 3, so what we use is said here.
struct RulesetAttributes {
  std::uint64_t handled_files = 0;
  std::uint64_t handled_network = 0;
  std::uint64_t scoped = 0;
};
struct [[gnu::packed]] PathBeneath {
  std::uint64_t allowed = 0;
  std::int32_t parent = -1;
};
constexpr unsigned kVersionQuestion = 1;
constexpr int kPathBeneath = 1;
constexpr std::uint64_t kExecute = 1U << 0U, kWriteFile = 1U << 1U, kReadFile = 1U << 2U, kReadDirectory = 1U << 3U;
constexpr std::uint64_t kTruncate = 1U << 14U, kDeviceControl = 1U << 15U;
constexpr std::uint64_t kOfFiles = kExecute | kWriteFile | kReadFile | kTruncate | kDeviceControl;
constexpr std::uint64_t kReading = kExecute | kReadFile | kReadDirectory;
constexpr std::uint64_t kAbstractSockets = 1U << 0U, kSignals = 1U << 1U;

/// Rights that this version can withhold: what it does not know stays allowed.
std::uint64_t known_rights(int version) {
  constexpr std::uint64_t kVersion2 = (1U << 14U) - 1;
  return kVersion2 | (version >= 3 ? kTruncate : 0) | (version >= 5 ? kDeviceControl : 0);
}

int allow(const Fd& ruleset, int file, std::uint64_t rights) {
  struct stat status {};
  if (::fstat(file, &status) != 0) return errno;
  PathBeneath rule{S_ISDIR(status.st_mode) ? rights : rights & kOfFiles, file};
  return ::syscall(SYS_landlock_add_rule, ruleset.get(), kPathBeneath, &rule, 0) == 0 ? 0 : errno;
}

int allow_all(const Fd& ruleset, const std::vector<std::string>& paths, std::uint64_t rights) {
  for (const std::string& path : paths) {
    const Fd file(::open(path.c_str(), O_PATH | O_CLOEXEC));
    if (!file.valid() && errno == ENOENT) continue;
    if (!file.valid()) return errno;
    if (const int error = allow(ruleset, file.get(), rights)) return error;
  }
  return 0;
}

}  // namespace

int landlock_version() {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kVersionQuestion);
  return version < 0 ? 0 : static_cast<int>(version);
}

int enter_landlock(const LandlockRules& rules) {
  const int version = landlock_version();
  if (version < kLandlockUsable) return 0;
  const std::uint64_t all = known_rights(version);
  const RulesetAttributes attributes{all, 0, version >= kLandlockScopes ? kAbstractSockets | kSignals : 0};
  const Fd ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
  if (!ruleset.valid()) return errno;
  if (const int error = allow_all(ruleset, rules.readable, all & kReading)) return error;
  if (const int error = allow_all(ruleset, rules.writable, all)) return error;
  for (int standard = 0; standard <= 2; ++standard) {
    const int error = allow(ruleset, standard, all & ~kExecute);
    if (error != 0 && error != EBADFD && error != EBADF) return error;  // a pipe has no path and needs no rule
  }
  return ::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) == 0 ? 0 : errno;
}

}  // namespace mlbuild
