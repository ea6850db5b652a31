#include "mlbuild/index/python_index.hpp"

#include "download.hpp"
#include "index_link.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/net/url.hpp"
#include "mlbuild/python/names.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace mlbuild {
namespace {

constexpr std::string_view kJsonType = "application/vnd.pypi.simple.v1+json";
constexpr const char* kAccept =
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1";

bool is_success(int status) { return status >= 200 && status < 300; }

Url project_url(const PythonIndex& index, const std::string& project) {
  Url url = Url::parse(index.url);
  while (url.path.ends_with('/')) url.path.pop_back();
  url.path += "/" + percent_encode_path(python::normalize_name(project)) + "/";
  if (url.scheme == "file") url.path += "index.html";  // what a web server would answer for the folder
  return url;
}

bool is_json(const Page& page) {
  const std::string_view type = page.response.header("content-type");
  return type.empty() ? trim(page.text).starts_with('{') : to_lower(type).starts_with(kJsonType);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t size_bytes = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), size_bytes);
  if (failure != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return size_bytes;
}

/// Stops a transfer whose headers are all that is wanted: a server that ignores Range sends the whole file.
struct HeadersSuffice {};

class RefusingSink final : public Sink {
 public:
  void write(ByteSpan) override { throw HeadersSuffice(); }
};

HttpResponse fetch_headers(HttpClient& http, const HttpRequest& request) {
  RefusingSink body;
  HttpResponse seen;
  try {
    return http.fetch(request, [&](const HttpResponse& response) -> Sink& {
      seen = response;
      return body;
    });
  } catch (const HeadersSuffice&) {
    return seen;
  }
}

/// Where files were found before. A fact of the network, not of a recipe: losing it costs one look at the listing.
class RememberedUrl {
 public:
  RememberedUrl(KeyIndex& urls, const BlobDigest& digest)
      : urls_(urls), key_(KeyCard("file-url", 1).set("sha256", digest.hex()).key()) {}

  std::optional<std::string> get() const {
    const std::optional<std::string> facts = urls_.get(key_);
    if (!facts) return std::nullopt;
    const nlohmann::json parsed = nlohmann::json::parse(*facts, nullptr, false);
    if (!parsed.is_object() || !parsed.contains("url") || !parsed["url"].is_string()) return std::nullopt;
    return parsed["url"].get<std::string>();
  }

  // A query may be a signature that expires, or a secret: such a URL is looked up each time.
  void put(const std::string& url) {
    Url plain = Url::parse(url);
    plain.user_info.clear();
    if (plain.query.empty()) urls_.put(key_, nlohmann::json{{"url", plain.to_string()}}.dump());
  }

 private:
  KeyIndex& urls_;
  StepKey key_;
};

struct Wanted {
  const PythonIndex& index;
  const std::string& project;
  const std::string& filename;
  const BlobDigest& digest;
  std::uint64_t size_bytes;

  std::string describe() const {
    return fmt::format("file `{}` of project `{}` from index `{}` ({})", printable(filename), printable(project),
                       index.name, printable_url(index.url));
  }
  Download download_from(const std::string& url) const {
    return {authorized_url(index, url), describe(), digest, size_bytes};
  }
};

/// Any failure but an interruption means: look it up again.
bool fetch_from_remembered(HttpClient& http, BlobStore& store, const RememberedUrl& remembered, const Wanted& wanted,
                           const ByteProgress& progress) {
  const std::optional<std::string> url = remembered.get();
  if (!url) return false;
  try {
    return is_success(download_into_store(http, store, wanted.download_from(*url), progress).status);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Network && error.kind() != ErrorKind::Foreign) throw;
    return false;
  }
}

/// A file may be listed twice; the entry with the wanted digest is taken, then one without a digest.
IndexFile find_listed(HttpClient& http, const Wanted& wanted) {
  const std::vector<IndexFile> files = list_index_files(http, wanted.index, wanted.project);
  const IndexFile* other = nullptr;
  const IndexFile* unhashed = nullptr;
  for (const IndexFile& file : files) {
    if (file.filename != wanted.filename) continue;
    if (file.sha256 == wanted.digest) return file;
    (file.sha256 ? other : unhashed) = &file;
  }
  if (unhashed != nullptr) return *unhashed;
  if (other != nullptr) {
    throw Error(ErrorKind::Foreign, fmt::format("{} has sha256 {}, it should have {}", wanted.describe(),
                                                other->sha256->hex(), wanted.digest.hex()))
        .hint(
            "the file was replaced after the lock was made, or this is another index; `mlbuild lock` takes what is "
            "there now");
  }
  throw Error(ErrorKind::Network, fmt::format("{} is not there", wanted.describe()))
      .hint(files.empty()
                ? "the index does not know the project: check which index this site uses (docs/configuration.md)"
                : "it was removed, or this mirror is behind; `mlbuild lock --upgrade NAME` picks another version");
}

}  // namespace

std::string authorized_url(const PythonIndex& index, const std::string& url) {
  const Url home = Url::parse(index.url);
  Url target = Url::parse(url);
  if (home.user_info.empty() || home.origin() != target.origin()) return url;
  target.user_info = home.user_info;
  return target.to_string();
}

std::vector<IndexFile> list_index_files(HttpClient& http, const PythonIndex& index, const std::string& project) {
  const auto describe = [&] {
    return fmt::format("listing project `{}` of index `{}`", printable(project), index.name);
  };
  return with_context(describe, [&]() -> std::vector<IndexFile> {
    HttpRequest request;
    request.url = project_url(index, project).to_string();
    request.headers["Accept"] = kAccept;
    request.accept_compressed = true;
    const Page page = fetch_page(http, request);
    if (page.response.status == 404 || page.response.status == 410) return {};
    if (!is_success(page.response.status))
      throw_bad_status(page.response, fmt::format("project `{}`", printable(project)));
    return is_json(page) ? parse_simple_json(page.text, page.response.final_url)
                         : parse_simple_html(page.text, page.response.final_url);
  });
}

std::uint64_t query_size(HttpClient& http, const std::string& url) {
  HttpRequest request;
  request.url = url;
  request.headers["Accept-Encoding"] = "identity";
  request.method = "HEAD";
  const HttpResponse head = fetch_headers(http, request);
  if (is_success(head.status)) {
    if (const auto size_bytes = parse_size(head.header("content-length"))) return *size_bytes;
  }
  request.method = "GET";
  request.headers["Range"] = "bytes=0-0";
  const HttpResponse range = fetch_headers(http, request);
  if (!is_success(range.status)) throw_bad_status(range, fmt::format("the size of `{}`", printable_url(url)));
  const std::string_view content_range = range.header("content-range");  // RFC 9110, 14.4: "bytes 0-0/1234"
  const std::string_view total =
      range.status == 206 ? content_range.substr(content_range.find('/') + 1) : range.header("content-length");
  if (const auto size_bytes = parse_size(total)) return *size_bytes;
  throw Error(ErrorKind::Network, fmt::format("`{}` does not tell its size", printable_url(url)))
      .hint("use an index that lists sizes (PEP 691 with PEP 700)");
}

void fetch_python_file(HttpClient& http, BlobStore& store, KeyIndex& urls, const PythonIndex& index,
                       const std::string& project, const std::string& filename, const BlobDigest& digest,
                       std::uint64_t size_bytes, const ByteProgress& progress) {
  if (store.find(digest)) return;
  const Wanted wanted{index, project, filename, digest, size_bytes};
  RememberedUrl remembered(urls, digest);
  if (fetch_from_remembered(http, store, remembered, wanted, progress)) return;
  const IndexFile listed = find_listed(http, wanted);
  const Download download = wanted.download_from(listed.url);
  const HttpResponse response = download_into_store(http, store, download, progress);
  if (!is_success(response.status)) throw_bad_status(response, download.what);
  remembered.put(listed.url);
}

}  // namespace mlbuild
