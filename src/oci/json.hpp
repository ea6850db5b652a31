#pragma once

#include "mlbuild/base/error.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlbuild::oci {

/// Parses foreign JSON with bounded size and depth, without a name twice in an object, and without NUL in any text: C
/// programs behind us would cut it there. Throws Error{Foreign} "`what` is no valid JSON: ...".
nlohmann::json parse_bounded_json(std::string_view text, std::string_view what);

/// Canonical form: keys sorted bytewise, no white space, UTF-8 as it is. Throws Error{Foreign} for text that is not
/// UTF-8.
std::string canonical(const nlohmann::json& value);

/// Optional members: absent and null mean the same, as in the structs that other programs read them into.
bool has(const nlohmann::json& object, const char* name);
std::string optional_string(const nlohmann::json& object, const char* name);
std::vector<std::string> optional_strings(const nlohmann::json& object, const char* name);
std::map<std::string, std::string> optional_string_map(const nlohmann::json& object, const char* name);

/// Runs `read`; what nlohmann/json throws on a missing key or wrong type becomes Error{Foreign}.
template <class Read>
auto reading(std::string_view what, Read&& read) {
  try {
    return std::forward<Read>(read)();
  } catch (const nlohmann::json::exception& failure) {
    throw Error(ErrorKind::Foreign, std::string(what) + " is malformed: " + std::string(failure.what()).substr(0, 300));
  }
}

}  // namespace mlbuild::oci
