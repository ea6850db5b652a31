#include "pylock.hpp"

#include "toml.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/net/url.hpp"
#include "mlbuild/python/names.hpp"
#include "mlbuild/python/version.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild {
namespace {

constexpr std::size_t kSizeLimit = std::size_t{64} << 20U;
constexpr std::size_t kPackageLimit = 20000;

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorKind::Foreign, "the resolver's lock file: " + what);
}

std::string text_at(const toml::table& table, std::string_view key, std::string_view owner) {
  const auto value = table[key].value<std::string>();
  if (!value) refuse(fmt::format("{} has no `{}`", owner, key));
  return *value;
}

bool is_plain_filename(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find_first_of("/\\") == std::string_view::npos &&
         std::none_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

PylockFile read_file(const toml::table& table, const std::string& owner) {
  PylockFile file;
  file.url = text_at(table, "url", owner);
  file.filename = table["name"].value<std::string>().value_or("");
  if (file.filename.empty()) file.filename = Url::parse(file.url).filename();
  if (!is_plain_filename(file.filename)) refuse(fmt::format("{} has a file without plain name", owner));
  const auto sha256 = table["hashes"]["sha256"].value<std::string>();
  if (!sha256 || !Digest::is_hex(*sha256)) refuse(fmt::format("file `{}` has no SHA-256", printable(file.filename)));
  file.sha256 = BlobDigest::parse(*sha256);
  if (const auto size_bytes = table["size"].value<std::int64_t>(); size_bytes && *size_bytes >= 0)
    file.size_bytes = static_cast<std::uint64_t>(*size_bytes);
  return file;
}

PylockPackage read_package(const toml::table& table) {
  PylockPackage package;
  const std::string name = text_at(table, "name", "a package");
  if (!python::is_valid_name(name)) refuse(fmt::format("`{}` is no project's name", printable(name)));
  package.name = python::normalize_name(name);
  const std::string owner = fmt::format("package `{}`", package.name);
  for (const std::string_view kind : {"directory", "archive", "vcs"}) {
    if (table.contains(kind)) refuse(fmt::format("{} is a {}, not a file of an index", owner, kind));
  }
  package.version = text_at(table, "version", owner);
  if (!python::Version::parse(package.version))
    refuse(fmt::format("{} has the malformed version `{}`", owner, printable(package.version)));
  if (const toml::array* wheels = table["wheels"].as_array()) {
    for (const toml::node& wheel : *wheels) {
      if (!wheel.is_table()) refuse(fmt::format("{} has a wheel that is no table", owner));
      package.wheels.push_back(read_file(*wheel.as_table(), owner));
    }
  }
  if (const toml::table* sdist = table["sdist"].as_table()) package.sdist = read_file(*sdist, owner);
  return package;
}

}  // namespace

std::vector<PylockPackage> parse_pylock(std::string_view text) {
  if (text.size() > kSizeLimit) refuse("it is larger than 64 MiB");
  const toml::table root = parse_toml(text, "the resolver's lock file");
  const std::string version = text_at(root, "lock-version", "the file");
  if (version != "1" && !version.starts_with("1."))
    refuse(fmt::format("its version is `{}`, not 1.0", printable(version)));
  std::vector<PylockPackage> packages;
  const toml::array* list = root["packages"].as_array();
  if (list == nullptr) refuse("it has no `packages`");
  if (list->size() > kPackageLimit) refuse("it has too many packages");
  for (const toml::node& node : *list) {
    if (!node.is_table()) refuse("a package is no table");
    packages.push_back(read_package(*node.as_table()));
  }
  std::sort(packages.begin(), packages.end(),
            [](const PylockPackage& a, const PylockPackage& b) { return a.name < b.name; });
  const auto twice = std::adjacent_find(packages.begin(), packages.end(),
                                        [](const auto& a, const auto& b) { return a.name == b.name; });
  if (twice != packages.end()) refuse(fmt::format("package `{}` is twice in it", twice->name));
  return packages;
}

std::string format_preferences(const std::vector<std::pair<std::string, std::string>>& versions_by_name) {
  std::string text = "lock-version = \"1.0\"\ncreated-by = \"mlbuild\"\n";
  for (const auto& [name, version] : versions_by_name)
    text += fmt::format("\n[[packages]]\nname = {}\nversion = {}\n", toml_string(name), toml_string(version));
  return text;
}

}  // namespace mlbuild
