#pragma once

#include "mlbuild/sandbox/sandbox.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace mlbuild {

/// What the helper is told: the caller's job and where its overlay may live.
struct HelperJob {
  SandboxJob job;                   ///< standard_input travels as descriptor 0, signals through the lifeline
  std::filesystem::path directory;  ///< private directory with empty `upper`, `work` and `root`
  bool probe = false;               ///< set everything up, run nothing; the strongest level that works is reported
  SandboxLevel level = SandboxLevel::L0;  ///< how: by namespaces (L0, L1), chroot (L2), or neither (L3)
};
inline bool has_namespaces(const HelperJob& job) { return job.level <= SandboxLevel::L1; }

/// A step of the set-up that the kernel refused. Thrown inside the helper, crosses two process borders as data and
/// becomes an Error with a remedy in the program itself (refusal.hpp), so that it stays apart from what the command
/// does.
struct SetupFailure {
  std::string stage;  ///< one of stage::k..., readable
  int error_number = 0;
  std::string detail;  ///< path or name, may be empty
};

namespace stage {
inline constexpr const char* kNamespaces = "make namespaces";
inline constexpr const char* kIdMap = "map user and group";
inline constexpr const char* kMounts = "own the mounts";
inline constexpr const char* kOverlay = "mount the overlay";
inline constexpr const char* kProc = "mount /proc";
inline constexpr const char* kDevices = "make /dev";
inline constexpr const char* kTemporary = "mount a memory file system";
inline constexpr const char* kMountPoint = "make the mount point";
inline constexpr const char* kBind = "bind";
inline constexpr const char* kNetwork = "bring up the loopback device";
inline constexpr const char* kPivot = "change the root";
inline constexpr const char* kCopy = "copy";
inline constexpr const char* kLandlock = "enter a Landlock domain";
inline constexpr const char* kLimits = "set limits";
inline constexpr const char* kDirectory = "enter the working directory";
inline constexpr const char* kExec = "start";
inline constexpr const char* kProbe = "bring an empty job to its end before";
inline constexpr const char* kOther = "run the helper";
}  // namespace stage

struct HelperReport {
  enum class End { Exited, Signaled, DeadlinePassed, MemoryExceeded, DiskExceeded, SetupFailed };
  End end = End::SetupFailed;
  int code = 0;
  SandboxLevel level = SandboxLevel::None;
  SetupFailure failure;  ///< of SetupFailed; of a probe that ended well below L0: why it was not better
};

/// Throws Error{Step} for text that is no UTF-8, which JSON cannot carry.
std::string to_json(const HelperJob& job);
HelperJob parse_helper_job(std::string_view json);
std::string to_json(const HelperReport& report);
HelperReport parse_helper_report(std::string_view json);  ///< throws Error{Internal}: it is our own text

}  // namespace mlbuild
