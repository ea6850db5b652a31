#include "json.hpp"

namespace mlbuild::oci {
namespace {

constexpr std::size_t kMaxJsonBytes = 64U << 20U;
constexpr int kMaxDepth = 64;

}  // namespace

nlohmann::json parse_bounded_json(std::string_view text, std::string_view what) {
  if (text.size() > kMaxJsonBytes) throw Error(ErrorKind::Foreign, std::string(what) + " is too large");
  try {
    const auto refuse_depth = [](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
      if (depth > kMaxDepth) throw Error(ErrorKind::Foreign, "JSON is nested too deeply");
      return true;
    };
    return nlohmann::json::parse(text, refuse_depth);
  } catch (const nlohmann::json::exception& failure) {
    throw Error(ErrorKind::Foreign, std::string(what) + " is no valid JSON: " + failure.what());
  }
}

std::string canonical(const nlohmann::json& value) { return value.dump(); }

}  // namespace mlbuild::oci
