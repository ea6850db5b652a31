// Rows, not objects: an image of 60 layers has 300 of them, and the manifest goes over the wire at each push and pull.

#include "layer_packages.hpp"

#include "mlbuild/base/json_depth.hpp"

#include <nlohmann/json.hpp>

namespace mlbuild {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxPackages = 20000;
constexpr std::size_t kMaxName = 255;
constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 50U;  // sums of many of them still fit

std::optional<std::string> text_of(const json& value) {
  if (!value.is_string() || value.get_ref<const std::string&>().size() > kMaxName) return std::nullopt;
  return value.get<std::string>();
}

std::optional<std::uint64_t> bytes_of(const json& value) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > kMaxBytes) return std::nullopt;
  return value.get<std::uint64_t>();
}

std::optional<LayerPackage> package_of(const json& row) {
  if (!row.is_array() || row.size() != 5) return std::nullopt;
  const auto kind = text_of(row[0]), name = text_of(row[1]), version = text_of(row[2]);
  const auto plain = bytes_of(row[3]), compressed = bytes_of(row[4]);
  if (!kind || !name || !version || !plain || !compressed) return std::nullopt;
  return LayerPackage{*kind, *name, *version, *plain, *compressed};
}

}  // namespace

std::string packages_to_annotation(const std::vector<LayerPackage>& packages) {
  json rows = json::array();
  for (const LayerPackage& package : packages) {
    // A step's label is the user's text: cut, so that what is written can be read.
    rows.push_back(json::array({package.kind, package.name.substr(0, kMaxName), package.version.substr(0, kMaxName),
                                package.plain_size_bytes, package.compressed_size_bytes}));
  }
  // What a cut leaves of a character is left out; what was read and is written again has the same bytes.
  return rows.dump(-1, ' ', true, json::error_handler_t::ignore);
}

std::optional<std::vector<LayerPackage>> packages_from_annotation(std::string_view text) {
  if (json_depth(text) > 2) return std::nullopt;
  const json rows = json::parse(text, nullptr, false);
  if (!rows.is_array() || rows.size() > kMaxPackages) return std::nullopt;
  std::vector<LayerPackage> packages;
  for (const json& row : rows) {
    std::optional<LayerPackage> package = package_of(row);
    if (!package) return std::nullopt;
    packages.push_back(std::move(*package));
  }
  return packages;
}

}  // namespace mlbuild
