#include "site_sources.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <array>
#include <utility>

namespace mlbuild {
namespace {

struct Key {
  const char* name;
  SiteFile::Value SiteFile::*member;
};
constexpr std::array<Key, 4> kKeys{{{"python-index", &SiteFile::python_index},
                                    {"debian-mirror", &SiteFile::debian_mirror},
                                    {"debian-security-mirror", &SiteFile::debian_security_mirror},
                                    {"debian-keyring", &SiteFile::debian_keyring}}};

Location location_of(const std::string& file_name, const YAML::Mark& mark, std::size_t length = 0) {
  if (mark.is_null()) return {file_name, 0, 0, 0};
  return {file_name, static_cast<unsigned>(mark.line) + 1, static_cast<unsigned>(mark.column) + 1,
          static_cast<unsigned>(length)};
}

const Key* find_key(std::string_view name) {
  for (const Key& key : kKeys) {
    if (name == key.name) return &key;
  }
  return nullptr;
}

Error unknown_key(const std::string& name) {
  std::vector<std::string> known;
  known.reserve(kKeys.size());
  for (const Key& key : kKeys) known.emplace_back(key.name);
  Error error(ErrorKind::Spec, fmt::format("unknown key `{}`", printable(name)));
  if (const auto nearest = nearest_word(name, known)) {
    error.hint(fmt::format("did you mean `{}`?", *nearest));
  } else {
    error.hint(fmt::format("known keys: `{}`", fmt::join(known, "`, `")));
  }
  return error;
}

YAML::Node load(const std::string& text, const std::string& file_name) {
  try {
    return YAML::Load(text);
  } catch (const YAML::Exception& problem) {
    throw Error(ErrorKind::Spec, fmt::format("the file is no YAML: {}", printable(problem.msg)))
        .at(location_of(file_name, problem.mark));
  }
}

void read_entry(SiteFile& file, const YAML::Node& name, const YAML::Node& value, const std::string& file_name) {
  const Location place = location_of(file_name, name.Mark(), name.IsScalar() ? name.Scalar().size() : 0);
  if (!name.IsScalar()) throw Error(ErrorKind::Spec, "a key must be text").at(place);
  const Key* key = find_key(name.Scalar());
  if (key == nullptr) throw unknown_key(name.Scalar()).at(place);
  if (value.IsNull()) return;
  if (!value.IsScalar()) {
    throw Error(ErrorKind::Spec, fmt::format("`{}` must be text", key->name)).at(location_of(file_name, value.Mark()));
  }
  file.*(key->member) = {value.Scalar(), location_of(file_name, value.Mark(), value.Scalar().size())};
}

}  // namespace

SiteFile parse_site_file(const std::string& text, const std::string& file_name) {
  const YAML::Node root = load(text, file_name);
  SiteFile file;
  if (root.IsNull()) return file;
  if (!root.IsMap()) {
    throw Error(ErrorKind::Spec, "expected a mapping")
        .at({file_name, 1, 1, 0})
        .hint("write `python-index: https://...`");
  }
  Diagnostics problems;
  for (const auto& entry : root) {
    try {
      read_entry(file, entry.first, entry.second, file_name);
    } catch (const Error& problem) {
      problems.add(problem);  // all mistakes of a file in one run
    }
  }
  problems.throw_if_any();
  return file;
}

}  // namespace mlbuild
