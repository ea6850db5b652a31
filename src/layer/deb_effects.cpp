#include "deb_effects.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/layer/base_directories.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace mlbuild {
namespace {

using debian::ScriptEffect;

constexpr std::uint64_t kDefaultFileLimitBytes = 1U << 20U;
constexpr std::uint64_t kShadowGroup = 42;  // base-passwd's group.master; the same on every Debian system

std::string relative(const DebTree& tree, std::string_view path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  return tree.path_of(path);
}

void copy_if_absent(DebTree& tree, const ScriptEffect& effect) {
  const DebEntry* from = tree.resolve(effect.value);
  if (from == nullptr || from->tar.type != TarType::File) return;
  tree.add_file(effect.path, tree.read_file(*from, kDefaultFileLimitBytes), from->tar.mode, from->tar.gid);
}

/// update-ca-certificates' bundle: the certificates in byte order of their names, one after the other.
void add_ca_bundle(DebTree& tree) {
  constexpr std::string_view kDirectory = "usr/share/ca-certificates/";
  std::string bundle;
  for (auto at = tree.entries().lower_bound(kDirectory); at != tree.entries().end(); ++at) {
    if (!at->first.starts_with(kDirectory)) break;
    if (at->second.tar.type != TarType::File || !at->first.ends_with(".crt")) continue;
    bundle += tree.read_file(at->second, kDefaultFileLimitBytes);
    if (!bundle.ends_with('\n')) bundle += '\n';
  }
  tree.add_file("etc/ssl/certs/ca-certificates.crt", bundle);
  // OpenSSL looks into its own directory, for one file or for names made of subject hashes; the one file is enough.
  // Package openssl ships the other links of that directory, but not every base has it.
  tree.add_symlink("usr/lib/ssl/cert.pem", "/etc/ssl/certs/ca-certificates.crt");
  tree.add_symlink("usr/lib/ssl/certs", "/etc/ssl/certs");
}

void add_time_zone(DebTree& tree) {
  tree.add_symlink("etc/localtime", "/usr/share/zoneinfo/Etc/UTC");
  tree.add_file("etc/timezone", "Etc/UTC\n");
}

struct ShadowedAccounts {
  std::string visible, shadow;
};

/// shadowconfig(8): the second field of each line becomes `x`, the password moves to the shadow form with `tail` behind
/// it.
ShadowedAccounts move_passwords(std::string_view master, const auto& tail) {
  ShadowedAccounts accounts;
  for (const std::string_view line : split_lines(master)) {
    auto fields = split(line, ':');
    if (fields.size() < 4) continue;
    accounts.shadow += fmt::format("{}:{}:{}\n", fields[0], fields[1], tail(fields));
    fields[1] = "x";
    for (std::size_t i = 0; i < fields.size(); ++i) accounts.visible.append(i == 0 ? "" : ":").append(fields[i]);
    accounts.visible += '\n';
  }
  return accounts;
}

void add_accounts(DebTree& tree, const DebLayerParameters& parameters) {
  const DebEntry* passwd = tree.find("usr/share/base-passwd/passwd.master");
  const DebEntry* group = tree.find("usr/share/base-passwd/group.master");
  if (passwd == nullptr || group == nullptr) {
    throw Error(ErrorKind::Foreign, "package `base-passwd` has no account masters");
  }
  const std::string users = tree.read_file(*passwd, kDefaultFileLimitBytes);
  const std::string groups = tree.read_file(*group, kDefaultFileLimitBytes);
  if (!parameters.include_shadow) {
    tree.add_file("etc/passwd", users);
    tree.add_file("etc/group", groups);
    return;
  }
  // "Last changed" is a date; the image's own epoch keeps the bytes equal.
  const std::int64_t day = parameters.epoch_seconds / 86400;
  const auto shadow = move_passwords(users, [&](const auto&) { return fmt::format("{}:0:99999:7:::", day); });
  const auto gshadow = move_passwords(groups, [&](const auto& fields) { return fmt::format(":{}", fields[3]); });
  tree.add_file("etc/passwd", shadow.visible);
  tree.add_file("etc/group", gshadow.visible);
  tree.add_file("etc/shadow", shadow.shadow, 0640, kShadowGroup);
  tree.add_file("etc/gshadow", gshadow.shadow, 0640, kShadowGroup);
}

/// update-alternatives in automatic mode: of the targets that exist, the highest priority wins (the first named among
/// equals).
void add_alternatives(DebTree& tree, const std::vector<ScriptEffect>& effects) {
  std::map<std::string, const ScriptEffect*> best;
  for (const ScriptEffect& effect : effects) {
    if (effect.kind != ScriptEffect::Kind::Alternative || tree.resolve(effect.value) == nullptr) continue;
    const auto [place, is_new] = best.try_emplace(effect.name, &effect);
    if (!is_new && effect.priority > place->second->priority) place->second = &effect;
  }
  for (const auto& [name, effect] : best) {
    tree.add_symlink("etc/alternatives/" + name, effect->value);
    tree.add_symlink(relative(tree, effect->path), "/etc/alternatives/" + name);
  }
}

void apply_one(DebTree& tree, const ScriptEffect& effect, const DebLayerParameters& parameters) {
  switch (effect.kind) {
    case ScriptEffect::Kind::Directory:
      return tree.add_directory(effect.path, effect.mode, effect.gid);
    case ScriptEffect::Kind::EmptyFile:
      return tree.add_file(effect.path, "", effect.mode, effect.gid);
    case ScriptEffect::Kind::Text:
      return tree.add_file(effect.path, effect.value, effect.mode, effect.gid);
    case ScriptEffect::Kind::Copy:
      return copy_if_absent(tree, effect);
    case ScriptEffect::Kind::Symlink:
      return tree.add_symlink(effect.path, effect.value);
    case ScriptEffect::Kind::Alternative:  // all together, below
    case ScriptEffect::Kind::Warning:      // for the facts only
      return;
    case ScriptEffect::Kind::CaBundle:
      return add_ca_bundle(tree);
    case ScriptEffect::Kind::TimeZone:
      return add_time_zone(tree);
    case ScriptEffect::Kind::Accounts:
      return add_accounts(tree, parameters);
  }
}

/// /usr/local as a venv of Debian's interpreter: site-packages, scripts and the name `python` are where the
/// python:X-slim images have them, so that one wheel layer serves both (docs/debian.md).
void add_venv(DebTree& tree, const std::string& version) {
  const std::string interpreter = "usr/bin/python" + version;
  if (tree.resolve(interpreter) == nullptr) {
    throw Error(ErrorKind::Spec, fmt::format("no package of the base ships the interpreter `/{}`", interpreter));
  }
  std::string full_version = version;
  for (const DebTreePackage& package : tree.packages()) {
    if (package.name == "python" + version + "-minimal")
      full_version = package.version.substr(0, package.version.find('-'));
  }
  tree.add_file("usr/local/pyvenv.cfg",
                fmt::format("home = /usr/bin\ninclude-system-site-packages = false\nversion = {}\n", full_version));
  for (const std::string& name : {std::string("python"), std::string("python3"), "python" + version}) {
    tree.add_symlink("usr/local/bin/" + name, "/" + interpreter);
  }
  tree.add_directory("usr/local/lib/python" + version + "/site-packages");
}

}  // namespace

void add_base_skeleton(DebTree& tree, const DebLayerParameters& parameters) {
  for (const char* name : {"bin", "sbin", "lib", "lib64"}) {
    tree.add_directory(std::string("usr/") + name);
    tree.add_symlink(name, std::string("usr/") + name);
  }
  for (const char* name : {"dev", "proc", "sys", "run", "home", "mnt", "opt", "srv"}) tree.add_directory(name);
  for (const auto& [path, attributes] : skeleton_directories()) tree.add_directory(path, attributes.mode);
  tree.add_symlink("var/run", "/run");
  tree.add_symlink("var/lock", "/run/lock");
  if (!parameters.venv_python.empty()) add_venv(tree, parameters.venv_python);
}

void apply_effects(DebTree& tree, const std::vector<ScriptEffect>& effects, const DebLayerParameters& parameters) {
  for (const ScriptEffect& effect : effects) apply_one(tree, effect, parameters);
  add_alternatives(tree, effects);
}

}  // namespace mlbuild
