#pragma once

#include "helper_job.hpp"

#include "mlbuild/base/error.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace mlbuild {

/// What decides whether this machine lets us make namespaces; read once after a failure, never to choose a way in
/// advance: that is decided by trying.
struct HostFacts {
  bool in_container = false;        ///< /.dockerenv, /run/.containerenv or KUBERNETES_SERVICE_HOST
  bool filtered = false;            ///< a seccomp filter is on us
  bool apparmor_restricts = false;  ///< kernel.apparmor_restrict_unprivileged_userns
  bool userns_clone_off = false;    ///< kernel.unprivileged_userns_clone = 0
  std::optional<std::uint64_t> user_namespaces = std::nullopt;  ///< user.max_user_namespaces
  std::string scratch_file_system = {};                         ///< "overlay", "nfs", else ""
};
HostFacts read_host_facts(const std::filesystem::path& scratch);

/// The failure in words, with the remedy for this machine. Pure.
Error refusal(const SetupFailure& failure, const HostFacts& facts);

}  // namespace mlbuild
