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
  bool in_container = false;                                    ///< /.dockerenv, /run/.containerenv or Kubernetes
  bool in_kubernetes = false;                                   ///< KUBERNETES_SERVICE_HOST
  bool filtered = false;                                        ///< a seccomp filter is on us
  bool apparmor_restricts = false;                              ///< kernel.apparmor_restrict_unprivileged_userns
  bool userns_clone_off = false;                                ///< kernel.unprivileged_userns_clone = 0
  std::optional<std::uint64_t> user_namespaces = std::nullopt;  ///< user.max_user_namespaces
  std::string scratch_file_system = {};                         ///< "overlay", "nfs", else ""
};
HostFacts read_host_facts(const std::filesystem::path& scratch);

/// "could not make namespaces: Operation not permitted". Pure, as all below.
std::string reason_text(const SetupFailure& failure);
/// Of a probe that was set up and ended, but not by itself: a machine that is out of memory or stands still.
SetupFailure broken_probe(const HelperReport& report);
/// The failure in words, with the remedy for this machine.
Error refusal(const SetupFailure& failure, const HostFacts& facts);
/// The machine allows `found`, `--sandbox=require:...` asks for `wanted`; the failure says why it is no better.
Error too_weak(const SetupFailure& failure, const HostFacts& facts, SandboxLevel found, SandboxLevel wanted);
/// Devices can only be bound.
Error needs_mounts(const SetupFailure& failure, const HostFacts& facts, SandboxLevel found);
/// At L3 there is no root.
Error needs_root(const SetupFailure& failure, const HostFacts& facts);

}  // namespace mlbuild
