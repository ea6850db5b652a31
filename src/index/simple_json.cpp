// PEP 691, "JSON Serialization".

#include "index_link.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/index/python_index.hpp"
#include "mlbuild/net/url.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mlbuild {
namespace {

using nlohmann::json;

[[noreturn]] void throw_malformed(std::string_view what) {
  throw Error(ErrorKind::Foreign, fmt::format("the project page of the index is malformed: {}", what))
      .hint("the index or a proxy before it answers wrongly; PEP 691 describes the format");
}

const json* find(const json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string text_of(const json& object, const char* key) {
  const json* value = find(object, key);
  if (value == nullptr) return {};
  if (!value->is_string()) throw_malformed(fmt::format("`{}` is no text", key));
  return value->get<std::string>();
}

json parse_page(std::string_view text) {
  json page = json::parse(text, nullptr, false);
  if (page.is_discarded()) throw_malformed("no JSON");
  if (!page.is_object()) throw_malformed("no JSON object");
  const json* meta = find(page, "meta");
  if (meta == nullptr || !meta->is_object()) throw_malformed("`meta` is missing");
  // PEP 629: a client must refuse a major version that it does not know, and take any minor one.
  const std::string version = text_of(*meta, "api-version");
  if (!version.starts_with("1.")) throw_malformed(fmt::format("API version `{}` is unknown", printable(version)));
  return page;
}

std::optional<BlobDigest> sha256_of(const json& file) {
  const json* hashes = find(file, "hashes");
  if (hashes == nullptr) return std::nullopt;
  if (!hashes->is_object()) throw_malformed("`hashes` is no object");
  const std::string hex = to_lower(text_of(*hashes, "sha256"));
  if (hex.empty()) return std::nullopt;
  return BlobDigest::parse(hex);
}

/// PEP 691: true, false, or the reason as text (an empty reason still means yanked).
bool is_yanked(const json& file) {
  const json* value = find(file, "yanked");
  return value != nullptr && (value->is_string() || (value->is_boolean() && value->get<bool>()));
}

std::optional<IndexFile> read_file(const json& entry, const Url& base) {
  if (!entry.is_object()) throw_malformed("an entry of `files` is no object");
  IndexFile file;
  file.filename = text_of(entry, "filename");
  const std::optional<Url> url = resolve_link(base, text_of(entry, "url"));
  if (!url || !is_plain_filename(file.filename)) return std::nullopt;
  file.url = url->to_string();
  file.sha256 = sha256_of(entry);
  const json* size = find(entry, "size");
  if (size != nullptr && size->is_number_unsigned()) file.size_bytes = size->get<std::uint64_t>();
  file.yanked = is_yanked(entry);
  file.requires_python = text_of(entry, "requires-python");
  return file;
}

}  // namespace

std::vector<IndexFile> parse_simple_json(std::string_view text, std::string_view base_url) {
  const Url base = Url::parse(base_url);
  const json page = parse_page(text);
  const json* entries = find(page, "files");
  if (entries == nullptr || !entries->is_array()) throw_malformed("`files` is missing");
  std::vector<IndexFile> files;
  for (const json& entry : *entries) {
    if (std::optional<IndexFile> file = read_file(entry, base)) files.push_back(*std::move(file));
  }
  return files;
}

}  // namespace mlbuild
