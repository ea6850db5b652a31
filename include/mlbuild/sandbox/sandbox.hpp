#pragma once

#include "mlbuild/sys/cancel.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

/// How strong the isolation is, the strongest first; docs/sandbox.md, "Levels".
enum class SandboxLevel {
  L0,  ///< user, mount, pid, ipc, uts, net namespaces; own /proc; pivot_root
  L1,  ///< the same without a fresh /proc or with MS_MOVE + chroot instead of pivot_root
  L2,  ///< no namespaces: chroot into a copy, Landlock, system call filter. Against accidents, not against malice
  L3,  ///< no root either: Landlock and the filter; only for jobs that use this machine's own programs
  None
};
std::string_view to_string(SandboxLevel level);  ///< "L0".."L3", "none"
std::optional<SandboxLevel> parse_sandbox_level(std::string_view text);

struct SandboxMount {
  std::filesystem::path host;    ///< file or directory
  std::filesystem::path inside;  ///< absolute; made (in the overlay) when missing
  bool writable = false;
  bool counted = false;  ///< what lies in it counts to SandboxJob::disk_limit_bytes
};

struct SandboxJob {
  /// Unpacked trees, bottom to top, seen as one; never written to: an overlay that is thrown away lies on top. None:
  /// the job uses this machine's own programs (/usr, /bin, /lib..., read-only), and mounts must have the same path
  /// inside as outside.
  std::vector<std::filesystem::path> roots;
  /// When set: what the command changed stays there, as overlayfs notes it (mount points included); a path on the file
  /// system of the scratch directory where nothing is yet. Owners then count: giving a file to anybody but `user`
  /// fails.
  std::filesystem::path changes;
  std::vector<SandboxMount> mounts;
  std::vector<std::filesystem::path> devices;  ///< nodes below /dev of this machine, besides the usual few
  /// argv[0]: a name that PATH of `env` leads to; with a `/` in it a path inside, from the working directory or
  /// absolute.
  std::vector<std::string> argv;
  std::map<std::string, std::string> env;         ///< the whole environment
  std::filesystem::path working_directory = "/";  ///< made below roots when missing, as container runtimes do
  std::string standard_input;
  /// stdin, stdout and stderr are this program's own, and nothing is captured. No terminal's job control inside.
  bool attached = false;
  int signals = -1;                    ///< bytes that come from this descriptor are numbers of signals for the command
  std::uint32_t user = 0;              ///< the only user inside, who is the caller outside
  std::uint32_t group = 0;             ///< likewise
  bool network = false;                ///< false: an empty network namespace with only lo
  std::chrono::seconds deadline{600};  ///< 0: none
  double processor_limit = 0;          ///< how many of the machine's; 0: all
  std::uint64_t memory_limit_bytes = 0;                           ///< 0: none
  std::uint64_t process_limit = 4096;                             ///< processes and threads
  std::uint64_t file_limit_bytes = 0;                             ///< of each file written; 0: none
  std::uint64_t disk_limit_bytes = std::uint64_t{32} << 30U;      ///< of all that is written to the root and lies in
                                                                  ///< counted mounts; 0: none
  std::uint64_t temporary_limit_bytes = std::uint64_t{4} << 30U;  ///< of /tmp and of /dev/shm, which are in memory
  std::uint64_t output_limit_bytes = 16U << 20U;                  ///< of stdout and stderr each
};

struct SandboxOutcome {
  enum class End { Exited, Signaled, DeadlinePassed, MemoryExceeded, DiskExceeded };
  End end = End::Exited;
  int code = 0;  ///< exit status or signal number
  std::string out;
  std::string err;
  SandboxLevel level = SandboxLevel::None;
  bool ok() const { return end == End::Exited && code == 0; }
};

/// Runs one command over a read-only root. Knows nothing of OCI. The contract, at L0; each line has probe tests that
/// run inside (tests/sandbox), and its details in docs/sandbox.md:
///  - it sees the trees and mounts, its own /proc, a minimal /dev, the job's environment, descriptors 0 to 2, and
///  nothing
///    else of the host (isolation_test, escape_test);
///  - it writes to the throw-away root and to writable mounts only, and makes no set-id files;
///  - it reaches no network, or with `network` the host's internet sockets, but no Unix socket of the host;
///  - it has no capabilities and gets none; mounts, namespaces, other processes, keyrings and the kernel's settings are
///    out of its reach; foreign ABIs are killed;
///  - it cannot signal anybody outside;
///  - time, memory, processes, processors, files, disk and output are limited (lifetime_test);
///  - when it ends, or the caller ends, whatever the way, nothing is left: processes, mounts, groups, directories;
///  - less than that is never had silently: SandboxPolicy, SandboxOutcome::level (fallback_test).
class Sandbox {
 public:
  virtual ~Sandbox() = default;
  /// Throws Error{Step} when the sandbox cannot be set up (with the remedy for this environment), Error{Interrupted} on
  /// cancellation.
  virtual SandboxOutcome run(const SandboxJob& job, const Cancellation& cancellation) = 0;
  /// What this machine allows, found by one probe at first use.
  virtual SandboxLevel level() = 0;
  /// Nothing when nobody has asked yet.
  virtual std::optional<SandboxLevel> known_level() const { return std::nullopt; }
};

struct SandboxPolicy {
  SandboxLevel weakest = SandboxLevel::L3;  ///< a machine that allows less is refused
  /// Hears once, after the probe, when the level is weaker than L0: what is missing and why.
  std::function<void(const std::string& text)> tell = {};
};

/// The helper program `mlbuild-sandbox` beside this program or in ../libexec/mlbuild; where it is not installed, this
/// program itself, which does the same and starts more slowly.
std::filesystem::path find_sandbox_helper();

/// Sandbox by Linux namespaces, or by the next best that one probe finds. The helper is this program's own binary,
/// started again as `<helper> __sandbox` (job as JSON on descriptor 3, outcome as JSON on descriptor 4, lifeline pipe
/// on 5); `scratch` is where overlay uppers go (same file system as the trees).
std::unique_ptr<Sandbox> make_namespace_sandbox(std::filesystem::path helper, const std::filesystem::path& scratch,
                                                SandboxPolicy policy = {});

/// Entry point of the helper: main calls it when argv[1] is "__sandbox". Returns the exit code.
int sandbox_helper_main();

}  // namespace mlbuild
