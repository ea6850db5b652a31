#include "json.hpp"

#include "mlbuild/base/json_depth.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <set>

namespace mlbuild::oci {
namespace {

using nlohmann::json;

// Registries accept manifests of 4 MiB; configs with long histories stay far below. A JSON value in memory is up to
// sixteen times its text, which this bounds as well.
constexpr std::size_t kMaxJsonBytes = 8U << 20U;
constexpr std::size_t kMaxDepth = 64;

/// NUL can only be there as an escape: RFC 8259, 7.
bool holds_nul(std::string_view text) {
  for (std::size_t i = text.find('\\'); i != std::string_view::npos; i = text.find('\\', i + 2)) {
    if (text.substr(i).starts_with("\\u0000")) return true;
  }
  return false;
}

/// Which of two members of one name counts differs between readers; and readers written in Go take `Layers` for
/// `layers`, which matters where members have a meaning: in the outermost object. Both made manifests that one program
/// checked and another ran (as CVE-2021-41190).
class MemberNames final : public json::json_sax_t {
 public:
  explicit MemberNames(std::string_view what) : what_(what) {}
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool start_object(std::size_t) override {
    open_.emplace_back();
    return true;
  }
  bool key(string_t& name) override {
    const std::string counted = open_.size() == 1 ? to_lower(name) : name;
    if (open_.back().insert(counted).second) return true;
    throw Error(ErrorKind::Foreign, fmt::format("{} has `{}` twice", what_, printable(name.substr(0, 80))));
  }
  bool end_object() override {
    open_.pop_back();
    return true;
  }
  bool parse_error(std::size_t byte, const std::string&, const json::exception&) override {
    throw Error(ErrorKind::Foreign, fmt::format("{} is no valid JSON near byte {}", what_, byte));
  }

 private:
  std::string_view what_;
  std::vector<std::set<std::string>> open_;  // names of each object that is not closed
};

}  // namespace

json parse_bounded_json(std::string_view text, std::string_view what) {
  if (text.size() > kMaxJsonBytes) {
    throw Error(ErrorKind::Foreign, fmt::format("{} has {} bytes, more than {}", what, text.size(), kMaxJsonBytes));
  }
  if (json_depth(text) > kMaxDepth) throw Error(ErrorKind::Foreign, fmt::format("{} is nested too deeply", what));
  // nlohmann/json takes a NUL byte for the end of its text.
  if (text.find('\0') != std::string_view::npos || holds_nul(text))
    throw Error(ErrorKind::Foreign, fmt::format("{} holds a NUL character", what));
  MemberNames names(what);
  json::sax_parse(text, &names);
  return json::parse(text);
}

std::string canonical(const json& value) {
  try {
    return value.dump(-1, ' ', false, json::error_handler_t::strict);
  } catch (const json::exception& failure) {
    throw Error(ErrorKind::Foreign, fmt::format("text in an image is not UTF-8: {}", printable(failure.what())));
  }
}

bool has(const json& object, const char* name) {
  if (!object.is_object())
    throw Error(ErrorKind::Foreign, fmt::format("what should hold `{}` is no JSON object", name));
  const auto found = object.find(name);
  return found != object.end() && !found->is_null();
}

std::string optional_string(const json& object, const char* name) {
  return has(object, name) ? object.at(name).get<std::string>() : std::string();
}

std::vector<std::string> optional_strings(const json& object, const char* name) {
  if (!has(object, name)) return {};
  return object.at(name).get<std::vector<std::string>>();
}

std::map<std::string, std::string> optional_string_map(const json& object, const char* name) {
  if (!has(object, name)) return {};
  const json& member = object.at(name);
  // nlohmann/json would read a list of pairs as a map, too.
  if (!member.is_object()) throw Error(ErrorKind::Foreign, fmt::format("`{}` is no JSON object", name));
  return member.get<std::map<std::string, std::string>>();
}

}  // namespace mlbuild::oci
