#include "toc.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/timestamp.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mlbuild {
namespace {

using nlohmann::json;

std::string_view type_of(const TarEntry& entry) {
  switch (entry.type) {
    case TarType::File:
      return "reg";
    case TarType::Directory:
      return "dir";
    case TarType::Symlink:
      return "symlink";
    case TarType::Hardlink:
      return "hardlink";
  }
  throw Error(ErrorKind::Internal, fmt::format("entry `{}` of an unknown type", entry.path));
}

std::string time_of(const TarEntry& entry) {
  if (const std::optional<std::string> text = rfc3339(entry.mtime_seconds)) return *text;
  throw Error(ErrorKind::Foreign,
              fmt::format("{} seconds since 1970 are no date of the years 0 to 9999", entry.mtime_seconds));
}

}  // namespace

json toc_entry(const TarEntry& entry) {
  json value{{"name", tar_name(entry)}, {"type", type_of(entry)}, {"mode", entry.mode}};
  if (entry.mtime_seconds != 0) value["modtime"] = time_of(entry);
  if (entry.uid != 0) value["uid"] = entry.uid;
  if (entry.gid != 0) value["gid"] = entry.gid;
  if (!entry.link_target.empty()) value["linkName"] = entry.link_target;
  return value;
}

json toc_chunk(const IndexedChunk& chunk) {
  json value{
      {"offset", chunk.offset}, {"chunkSize", chunk.size_bytes}, {"chunkDigest", BlobDigest(chunk.digest).to_string()}};
  if (chunk.content_offset > 0) value["chunkOffset"] = chunk.content_offset;
  return value;
}

json toc_rows(const std::vector<IndexedEntry>& entries, const std::function<json(const IndexedEntry&)>& row_of) {
  json rows = json::array();
  for (const IndexedEntry& entry : entries) {
    rows.push_back(row_of(entry));
    for (std::size_t i = 1; i < entry.chunks.size(); ++i) {
      json chunk = toc_chunk(entry.chunks[i]);
      chunk["name"] = tar_name(entry.entry);
      chunk["type"] = "chunk";
      rows.push_back(std::move(chunk));
    }
  }
  return rows;
}

std::string toc_text(const json& toc) {
  try {
    return toc.dump();
  } catch (const json::type_error&) {
    throw Error(ErrorKind::Foreign, "a name or link in the layer is not UTF-8, which no table of contents can tell")
        .hint("build without `layers.lazy`");
  }
}

}  // namespace mlbuild
