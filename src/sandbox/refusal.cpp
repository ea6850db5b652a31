#include "refusal.hpp"

#include "file_system_kind.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>
#include <linux/magic.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>

namespace mlbuild {
namespace {

constexpr const char* kContainerRemedy =
    "the container forbids it: run it with `--security-opt seccomp=unconfined --security-opt systempaths=unconfined` "
    "(or "
    "`--privileged`), or use a runner that is not in a container";
constexpr const char* kKubernetesRemedy =
    "the pod forbids it: set `securityContext: {seccompProfile: {type: Unconfined}, procMount: Unmasked}` for it (with "
    "`hostUsers: false`), or `privileged: true`, or build on a node outside of the cluster";
constexpr const char* kApparmorRemedy =
    "AppArmor forbids it to unprivileged programs: `sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`, or "
    "load a "
    "profile with `userns,` for this program";

std::optional<std::uint64_t> number_in(const char* path) {
  std::ifstream in(path);
  std::uint64_t value = 0;
  if (in >> value) return value;
  return std::nullopt;
}

bool exists(const char* path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

bool has_seccomp_filter() {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("Seccomp:")) return line.ends_with('2');
  }
  return false;
}

std::string file_system_of(const std::filesystem::path& path) {
  if (is_on(path, OVERLAYFS_SUPER_MAGIC)) return "overlay";
  if (is_on(path, NFS_SUPER_MAGIC)) return "nfs";
  return "";
}

template <std::size_t N>
bool is_one_of(std::string_view text, const std::array<const char*, N>& list) {
  return std::any_of(list.begin(), list.end(), [&](const char* item) { return text == item; });
}

const char* container_remedy(const HostFacts& facts) {
  return facts.in_kubernetes ? kKubernetesRemedy : kContainerRemedy;
}

/// Stages that fail because of what the machine allows, not because of what the job says.
bool is_environment(const std::string& stage) {
  constexpr std::array kStages = {stage::kNamespaces, stage::kIdMap,     stage::kMounts,  stage::kOverlay, stage::kProc,
                                  stage::kDevices,    stage::kTemporary, stage::kNetwork, stage::kPivot};
  return is_one_of(stage, kStages);
}

std::string remedy_for_namespaces(int error_number, const HostFacts& facts) {
  if (facts.user_namespaces == 0U) {
    return "user namespaces are switched off: `sudo sysctl -w user.max_user_namespaces=15000`";
  }
  if (facts.userns_clone_off) {
    return "unprivileged user namespaces are switched off: `sudo sysctl -w kernel.unprivileged_userns_clone=1`";
  }
  if (facts.in_container || facts.filtered) return container_remedy(facts);
  if (error_number == ENOSPC || error_number == EUSERS) {
    return "there are too many user namespaces, or they are nested too deeply: raise `user.max_user_namespaces`, or "
           "start from "
           "fewer containers";
  }
  if (error_number == EINVAL || error_number == ENOSYS)
    return "this kernel has no user namespaces; mlbuild needs Linux 5.12 with them";
  return "a security module, or a chroot around mlbuild, forbids user namespaces; allow them, start mlbuild as root, "
         "or "
         "use another machine";
}

std::string remedy_for_overlay(const HostFacts& facts) {
  if (!facts.scratch_file_system.empty()) {
    return fmt::format(
        "the store lies on {}, which cannot carry another overlay: put it on a volume (ext4, xfs, btrfs, tmpfs) "
        "with `--store DIR` or XDG_CACHE_HOME",
        facts.scratch_file_system);
  }
  return "the store's file system must have extended attributes (ext4, xfs, btrfs, tmpfs), the kernel must be Linux "
         "5.12 or "
         "newer; put the store elsewhere with `--store DIR`";
}

std::string remedy(const SetupFailure& failure, const HostFacts& facts) {
  const bool forbidden = failure.error_number == EPERM || failure.error_number == EACCES;
  if (failure.stage == stage::kNamespaces) return remedy_for_namespaces(failure.error_number, facts);
  if (failure.stage == stage::kProbe)
    return "the machine may be overloaded or out of memory: try again when it has less to do";
  if (failure.stage == stage::kExec) return "is it in there, executable, and on PATH?";
  if (!is_environment(failure.stage)) return "";
  if (forbidden && facts.apparmor_restricts) return kApparmorRemedy;
  if (failure.stage == stage::kOverlay) return remedy_for_overlay(facts);
  if (forbidden && (facts.in_container || facts.filtered)) return container_remedy(facts);
  return "mlbuild needs Linux 5.12 or newer with user namespaces and overlayfs";
}

}  // namespace

HostFacts read_host_facts(const std::filesystem::path& scratch) {
  HostFacts facts;
  facts.in_kubernetes = std::getenv("KUBERNETES_SERVICE_HOST") != nullptr;
  facts.in_container = exists("/.dockerenv") || exists("/run/.containerenv") || facts.in_kubernetes;
  facts.filtered = has_seccomp_filter();
  facts.apparmor_restricts = number_in("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1U;
  facts.userns_clone_off = number_in("/proc/sys/kernel/unprivileged_userns_clone") == 0U;
  facts.user_namespaces = number_in("/proc/sys/user/max_user_namespaces");
  facts.scratch_file_system = file_system_of(scratch);
  return facts;
}

std::string reason_text(const SetupFailure& failure) {
  const std::string what =
      failure.detail.empty() ? failure.stage : fmt::format("{} `{}`", failure.stage, printable(failure.detail));
  const std::string why = failure.error_number == 0 ? "" : ": " + std::generic_category().message(failure.error_number);
  return fmt::format("could not {}{}", what, why);
}

SetupFailure broken_probe(const HelperReport& report) {
  switch (report.end) {
    case HelperReport::End::DeadlinePassed:
      return {stage::kProbe, 0, "its deadline"};
    case HelperReport::End::MemoryExceeded:
      return {stage::kProbe, 0, "its memory limit"};
    case HelperReport::End::DiskExceeded:
      return {stage::kProbe, 0, "its disk limit"};
    case HelperReport::End::Signaled:
    case HelperReport::End::Exited:
    case HelperReport::End::SetupFailed:
      break;
  }
  return {stage::kProbe, 0, fmt::format("signal {}", report.code)};
}

Error refusal(const SetupFailure& failure, const HostFacts& facts) {
  Error error(ErrorKind::Step, "the sandbox " + reason_text(failure));
  if (const std::string way_out = remedy(failure, facts); !way_out.empty()) error.hint(way_out);
  return error;
}

Error too_weak(const SetupFailure& failure, const HostFacts& facts, SandboxLevel found, SandboxLevel wanted) {
  Error error(ErrorKind::Step, fmt::format("the sandbox reaches only level {} here, and `--sandbox require:{}` asks "
                                           "for more{}",
                                           to_string(found), to_string(wanted),
                                           failure.stage.empty() ? "" : ": it " + reason_text(failure)));
  if (const std::string way_out = remedy(failure, facts); !way_out.empty()) error.hint(way_out);
  return error;
}

Error needs_mounts(const SetupFailure& failure, const HostFacts& facts, SandboxLevel found) {
  Error error(
      ErrorKind::Step,
      fmt::format("devices, steps and scripts need a sandbox of level L0 or L1, and it reaches only {} here: it {}",
                  to_string(found), reason_text(failure)));
  if (const std::string way_out = remedy(failure, facts); !way_out.empty()) error.hint(way_out);
  return error;
}

Error needs_root(const SetupFailure& failure, const HostFacts& facts) {
  Error error(ErrorKind::Step, fmt::format("this step needs a root of its own, and the sandbox reaches only level L3 "
                                           "here: it {}",
                                           reason_text(failure)));
  if (const std::string way_out = remedy(failure, facts); !way_out.empty()) error.hint(way_out);
  return error;
}

}  // namespace mlbuild
