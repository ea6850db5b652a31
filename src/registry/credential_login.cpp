#include "credential_places.hpp"
#include "credential_record.hpp"
#include "docker_config.hpp"

#include "mlbuild/base/base64.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/registry/login.hpp"
#include "mlbuild/sys/file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;  // keeps the order of what others have written

constexpr std::uint64_t kMaxBytes = 4U << 20U;

/// A file of logins, held while it is changed: two logins at a time would otherwise lose one.
class LoginFile {
 public:
  explicit LoginFile(const CredentialFile& file)
      : path_(fs::is_symlink(file.path) ? fs::canonical(file.path) : file.path),
        what_(fmt::format("{} `{}`", file.kind, file.path.string())),
        lock_(prepared(path_).string() + ".lock", FileLock::Mode::Exclusive) {
    if (!fs::exists(path_)) return;
    const std::string text = read_text_file(path_, kMaxBytes);
    if (trim(text).empty()) return;
    const DockerConfig checked(CredentialRecord::parse(text, what_));  // depth and form
    document_ = ordered_json::parse(text);
    if (document_.contains("auths") && !document_["auths"].is_object()) {
      throw Error(ErrorKind::Step, fmt::format("{}: `auths` is no object", what_));
    }
  }

  void refuse_helper(const LoginTarget& target) const {
    const DockerConfig config(CredentialRecord::parse(document_.dump(), what_));
    const auto helper = config.helper(target.registry);
    if (!helper) return;
    throw Error(ErrorKind::Usage,
                fmt::format("{} leaves logins to credential helper `{}`, so one written into it would "
                            "not be looked at",
                            what_, printable(*helper)))
        .hint("log in with the helper's own program, or name another file with `REGISTRY_AUTH_FILE`");
  }

  void put(const LoginTarget& target, const std::string& auth) {
    remove(target);
    document_["auths"][target.to_string()] = {{"auth", auth}};
  }

  bool remove(const LoginTarget& target) {
    if (!document_.contains("auths")) return false;
    const CredentialKey wanted{CredentialKey::parse(target.registry).host, target.name_space};
    ordered_json kept = ordered_json::object();
    for (const auto& [name, entry] : document_["auths"].items()) {
      const CredentialKey key = CredentialKey::parse(name);
      if (key.host != wanted.host || key.name_space != wanted.name_space) kept[name] = entry;
    }
    const bool changed = kept.size() != document_["auths"].size();
    document_["auths"] = std::move(kept);
    return changed;
  }

  void save() {
    AtomicFile file(path_, 0600);
    file.write(as_bytes(document_.dump(1, '\t') + "\n"));
    file.commit();
  }

 private:
  /// The folder is the owner's alone, as docker and podman make it.
  static const fs::path& prepared(const fs::path& path) {
    const fs::path folder = path.parent_path();
    if (folder.empty() || fs::exists(folder)) return path;
    make_directories(folder);
    std::error_code error;
    fs::permissions(folder, fs::perms::owner_all, error);
    if (error) throw_errno(error.value(), "set the mode of", folder);
    return path;
  }

  const fs::path path_;
  const std::string what_;
  const FileLock lock_;
  ordered_json document_ = ordered_json::object();
};

bool is_allowed(unsigned char c) {
  return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_' || c == ':' || c == '/' || c == '[' || c == ']';
}

}  // namespace

LoginTarget LoginTarget::parse(const std::string& text) {
  std::string_view rest = trim(text);
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (rest.starts_with(scheme)) rest.remove_prefix(scheme.size());
  }
  while (rest.ends_with('/')) rest.remove_suffix(1);
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  LoginTarget target{to_lower(rest.substr(0, slash)), std::string(rest.substr(std::min(slash + 1, rest.size())))};
  if (target.registry.empty() || rest.find("//") != std::string_view::npos || !std::ranges::all_of(rest, is_allowed)) {
    throw Error(ErrorKind::Usage, fmt::format("`{}` is no registry", printable(text)))
        .hint("write a host, e.g. `registry.example` or `registry.example:5000`");
  }
  target.registry = CredentialKey::parse(target.registry).host;
  if (target.name_space == "v1" || target.name_space == "v2") target.name_space.clear();  // the address of the API
  return target;
}

std::string LoginTarget::to_string() const { return name_space.empty() ? registry : registry + "/" + name_space; }

fs::path write_login(const EnvironmentMap& environment, const LoginTarget& target, const std::string& username,
                     const std::string& password) {
  if (username.empty() || username.find(':') != std::string::npos) {
    throw Error(ErrorKind::Usage, "the name of a user must not be empty or hold a colon")
        .hint("the file of logins keeps `user:password`, split at the first colon");
  }
  const CredentialFile place = login_file(environment);
  LoginFile file(place);
  file.refuse_helper(target);
  file.put(target, base64(username + ":" + password));
  file.save();
  return place.path;
}

std::vector<fs::path> remove_login(const EnvironmentMap& environment, const LoginTarget& target) {
  std::vector<fs::path> changed;
  for (const CredentialFile& place : credential_files(environment)) {
    std::error_code ignored;  // what may not be looked at is not ours
    if (place.is_dockers || !fs::exists(place.path, ignored)) continue;
    LoginFile file(place);
    if (!file.remove(target)) continue;
    file.save();
    changed.push_back(place.path);
  }
  return changed;
}

}  // namespace mlbuild
