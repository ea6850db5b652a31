// Entries are arrays, not objects: an image of 5 GB has 100,000 of them, and reading them again must take well under a
// second.

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/json_depth.hpp"
#include "mlbuild/inspect/layer_scan.hpp"

#include <nlohmann/json.hpp>

namespace mlbuild {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxDepth = 4;

ScannedEntry entry_of(const json& row) {
  ScannedEntry entry;
  entry.path = row.at(0).get<std::string>();
  const int type = row.at(1).get<int>();
  if (type != 0 && type != 1 && type != 2 && type != 5) throw Error(ErrorKind::Foreign, "unknown type of an entry");
  entry.type = static_cast<TarType>('0' + type);
  entry.size_bytes = row.at(2).get<std::uint64_t>();
  entry.compressed_size_bytes = row.at(3).get<std::uint64_t>();
  entry.crc32 = row.at(4).get<std::uint32_t>();
  return entry;
}

LayerScan read_scan(std::string_view text) {
  if (json_depth(text) > kMaxDepth) throw Error(ErrorKind::Foreign, "a layer's scan is nested too deeply");
  const json value = json::parse(text);
  LayerScan scan;
  scan.plain_size_bytes = value.at("plain_size").get<std::uint64_t>();
  for (const json& row : value.at("entries")) scan.entries.push_back(entry_of(row));
  scan.texts = value.at("texts").get<std::map<std::string, std::string>>();
  return scan;
}

}  // namespace

std::string to_json(const LayerScan& scan) {
  json entries = json::array();
  for (const ScannedEntry& entry : scan.entries) {
    entries.push_back(json::array(
        {entry.path, static_cast<int>(entry.type) - '0', entry.size_bytes, entry.compressed_size_bytes, entry.crc32}));
  }
  const json value{{"entries", std::move(entries)}, {"plain_size", scan.plain_size_bytes}, {"texts", scan.texts}};
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

LayerScan parse_layer_scan(std::string_view text) {
  try {
    return read_scan(text);
  } catch (const json::exception&) {
    throw Error(ErrorKind::Foreign, "a layer's scan is malformed");
  }
}

}  // namespace mlbuild
