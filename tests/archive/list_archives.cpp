// Lists archives as our readers see them, one line for each, for differential_test.py.
//
// usage: list_archives zip|tar|index FILE...
#include "mlbuild/archive/tar.hpp"
#include "mlbuild/archive/tar_index.hpp"
#include "mlbuild/archive/zip.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/sys/disk_file.hpp"
#include "mlbuild/sys/file.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace mlbuild {
namespace {

using nlohmann::json;

constexpr std::uint64_t kLimitBytes = 64U << 20U;

json list_zip(const RandomAccess& file) {
  json list = json::array();
  for (const ZipMember& member : read_zip_directory(file)) {
    const Bytes content = read_zip_member(file, member, kLimitBytes);
    list.push_back({{"name", member.name}, {"size", content.size()}, {"sha256", sha256(content).hex()}});
  }
  return list;
}

json list_tar(const RandomAccess& file) {
  json list = json::array();
  RangeSource source(file, 0, file.size_bytes());
  read_tar(source, [&](const TarEntry& entry, Source& content) {
    const Bytes bytes = read_all(content, kLimitBytes);
    list.push_back({{"name", entry.path},
                    {"kind", std::string(1, static_cast<char>(entry.type))},
                    {"mode", entry.mode},
                    {"uid", entry.uid},
                    {"gid", entry.gid},
                    {"mtime", entry.mtime_seconds},
                    {"link", entry.link_target},
                    {"size", bytes.size()},
                    {"sha256", sha256(bytes).hex()}});
  });
  return list;
}

json list_index(const RandomAccess& file) {
  json list = json::array();
  for (const TarMember& member : read_tar_index(file)) {
    Bytes bytes(member.size_bytes);
    file.read_at(member.offset, bytes);
    list.push_back({{"name", member.path},
                    {"kind", std::string(1, static_cast<char>(member.type))},
                    {"link", member.link_target},
                    {"size", bytes.size()},
                    {"sha256", sha256(bytes).hex()}});
  }
  return list;
}

json listing(const std::string& format, const std::string& path) {
  const std::string text = read_text_file(path);
  const MemoryFile file(Bytes(as_bytes(text).begin(), as_bytes(text).end()));
  try {
    return {{"entries", format == "zip" ? list_zip(file) : format == "tar" ? list_tar(file) : list_index(file)}};
  } catch (const Error& error) {
    return {{"refused", error.message()}};
  }
}

}  // namespace
}  // namespace mlbuild

int main(int argc, char** argv) {
  for (int i = 2; i < argc; ++i) std::cout << mlbuild::listing(argv[1], argv[i]).dump() << '\n';
}
