#include "base_debian.hpp"

#include "mlbuild/base/text.hpp"
#include "mlbuild/debian/control.hpp"
#include "mlbuild/io/sha256.hpp"

#include <algorithm>

namespace mlbuild {
namespace {

constexpr std::string_view kStatusFile = "var/lib/dpkg/status";
constexpr std::string_view kStatusDirectory = "var/lib/dpkg/status.d";
constexpr std::size_t kTextLimit = 255;

/// What may go into a lock and be compared; a database that holds other things is taken without them.
bool is_sane(std::string_view text) {
  return !text.empty() && text.size() <= kTextLimit &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

void add_stanzas(std::string_view text, bool needs_status, const oci::Platform& platform,
                 std::map<std::string, std::string>& versions) {
  SpanSource source(as_bytes(text));
  debian::StanzaReader reader(source);
  debian::Stanza stanza;
  while (reader.next(stanza)) {
    const std::string_view architecture = stanza.get("Architecture");
    const bool is_installed = !needs_status || stanza.get("Status").ends_with(" installed");
    const bool is_ours = architecture == platform.architecture || architecture == "all" || architecture.empty();
    if (!is_installed || !is_ours || !is_sane(stanza.get("Package")) || !is_sane(stanza.get("Version"))) continue;
    versions.insert_or_assign(std::string(stanza.get("Package")), std::string(stanza.get("Version")));
  }
}

bool read_status_file(const BaseTree& tree, const oci::Platform& platform, LockedBaseDebian& debian,
                      std::map<std::string, std::string>& versions) {
  const BaseTree::Node* status = tree.find(kStatusFile);
  if (status == nullptr || !status->text) return false;
  add_stanzas(*status->text, true, platform, versions);
  if (versions.empty()) return false;
  debian.database = "status";
  debian.status_layer = status->layer;
  debian.status_digest = BlobDigest(sha256(*status->text));
  debian.status_size_bytes = status->text->size();
  return true;
}

void read_status_directory(const BaseTree& tree, const oci::Platform& platform, LockedBaseDebian& debian,
                           std::map<std::string, std::string>& versions) {
  for (const std::string& name : tree.names_in(kStatusDirectory)) {
    const BaseTree::Node* file = tree.find(std::string(kStatusDirectory) + "/" + name);
    if (file == nullptr || !file->text || name.ends_with(".md5sums")) continue;
    add_stanzas(*file->text, false, platform, versions);
  }
  if (!versions.empty()) debian.database = "status.d";
}

std::string word_of(const std::map<std::string, std::string>& values, const std::string& name) {
  const auto found = values.find(name);
  return found != values.end() && is_sane(found->second) ? found->second : "";
}

/// VERSION="12 (bookworm)"
std::string codename_in(const std::map<std::string, std::string>& values) {
  const auto version = values.find("VERSION");
  if (version == values.end()) return "";
  const std::size_t open = version->second.find('(');
  const std::size_t close = version->second.find(')', open == std::string::npos ? 0 : open);
  if (open == std::string::npos || close == std::string::npos) return "";
  const std::string word = version->second.substr(open + 1, close - open - 1);
  return word.find_first_not_of("abcdefghijklmnopqrstuvwxyz") == std::string::npos ? word : "";
}

}  // namespace

std::map<std::string, std::string> parse_os_release(std::string_view text) {
  std::map<std::string, std::string> values;
  for (const std::string_view line : split_lines(text)) {
    const std::string_view clean = trim(line);
    const std::size_t equals = clean.find('=');
    if (clean.starts_with('#') || equals == std::string_view::npos) continue;
    std::string_view value = clean.substr(equals + 1);
    const bool is_quoted = value.size() >= 2 && value.front() == value.back() && (value[0] == '"' || value[0] == '\'');
    if (is_quoted) value = value.substr(1, value.size() - 2);
    values.insert_or_assign(std::string(clean.substr(0, equals)), std::string(value));
  }
  return values;
}

LockedBaseDebian read_base_debian(const BaseTree& tree, const oci::Platform& platform) {
  LockedBaseDebian debian;
  for (const char* path : {"etc/os-release", "usr/lib/os-release"}) {
    const BaseTree::Node* file = tree.find(path);
    if (file == nullptr || !file->text) continue;
    const auto values = parse_os_release(*file->text);
    debian.distribution = word_of(values, "ID");
    debian.suite = word_of(values, "VERSION_CODENAME");
    if (debian.suite.empty()) debian.suite = codename_in(values);  // distroless images
    break;
  }
  const BaseTree::Node* lib = tree.find_exactly("lib");
  debian.merged_usr = lib == nullptr || lib->type != TarType::Directory;
  std::map<std::string, std::string> versions;
  if (!read_status_file(tree, platform, debian, versions)) read_status_directory(tree, platform, debian, versions);
  for (auto& [name, version] : versions) debian.packages.push_back({name, version});
  return debian;
}

std::string base_version(const LockedBaseDebian& debian, std::string_view package) {
  const auto found = std::ranges::find(debian.packages, package, &LockedBasePackage::name);
  return found == debian.packages.end() ? "" : found->version;
}

}  // namespace mlbuild
