#pragma once

#include "mlbuild/sys/cancel.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace mlbuild {

/// How strong the isolation is; docs/sandbox.md.
enum class SandboxLevel {
  L0,  ///< user, mount, pid, ipc, uts, net namespaces; own /proc; pivot_root
  L1,  ///< the same without a fresh /proc or with MS_MOVE + chroot instead of pivot_root
  None
};

struct SandboxMount {
  std::filesystem::path host;    ///< file or directory
  std::filesystem::path inside;  ///< absolute; made (in the overlay) when missing
  bool writable = false;
};

struct SandboxJob {
  /// Unpacked trees, bottom to top, seen as one; never written to: an overlay that is thrown away lies on top.
  std::vector<std::filesystem::path> roots;
  /// When set: what the command changed stays there, as overlayfs notes it (mount points included); a path on the file
  /// system of the scratch directory where nothing is yet. Owners then count: giving a file to anybody but `user`
  /// fails.
  std::filesystem::path changes;
  std::vector<SandboxMount> mounts;
  std::vector<std::string> argv;           ///< argv[0] absolute inside, or a name that PATH of `env` leads to
  std::map<std::string, std::string> env;  ///< the whole environment
  std::filesystem::path working_directory = "/";
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
  std::uint64_t temporary_limit_bytes = std::uint64_t{4} << 30U;  ///< of /tmp and of /dev/shm, which are in memory
  std::uint64_t output_limit_bytes = 16U << 20U;                  ///< of stdout and stderr each
};

struct SandboxOutcome {
  enum class End { Exited, Signaled, DeadlinePassed, MemoryExceeded };
  End end = End::Exited;
  int code = 0;  ///< exit status or signal number
  std::string out;
  std::string err;
  SandboxLevel level = SandboxLevel::None;
  bool ok() const { return end == End::Exited && code == 0; }
};

/// Runs one command over a read-only root. Knows nothing of OCI. The contract, line by line, is in docs/sandbox.md, and
/// each line has a probe test that runs inside.
class Sandbox {
 public:
  virtual ~Sandbox() = default;
  /// Throws Error{Step} when the sandbox cannot be set up (with the remedy for this environment), Error{Interrupted} on
  /// cancellation.
  virtual SandboxOutcome run(const SandboxJob& job, const Cancellation& cancellation) = 0;
  /// What this machine allows, found by one probe at first use.
  virtual SandboxLevel level() = 0;
};

/// Sandbox by Linux namespaces. The helper is this program's own binary, started again as `<helper> __sandbox`
/// (job as JSON on descriptor 3, outcome as JSON on descriptor 4, lifeline pipe on 5); `scratch` is where overlay
/// uppers go (same file system as the trees).
std::unique_ptr<Sandbox> make_namespace_sandbox(std::filesystem::path helper, const std::filesystem::path& scratch);

/// Entry point of the helper: main calls it when argv[1] is "__sandbox". Returns the exit code.
int sandbox_helper_main();

}  // namespace mlbuild
