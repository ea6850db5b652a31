#include "download.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/net/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

namespace mlbuild {
namespace {

constexpr std::uint64_t kUnknownSizeLimitBytes = std::uint64_t{16} << 30U;
constexpr const char* kDamagedHint =
    "the mirror or a proxy changed the file, or the lock was made from another index; try again, then `mlbuild lock`";

bool is_success(int status) { return status >= 200 && status < 300; }

/// Reports bytes once: a repeated try reports only what goes beyond the furthest byte so far.
class HighWaterProgress {
 public:
  explicit HighWaterProgress(const ByteProgress& progress) : progress_(progress) {}
  void reached(std::uint64_t position) {
    if (position <= furthest_) return;
    if (progress_) progress_(position - furthest_);
    furthest_ = position;
  }

 private:
  const ByteProgress& progress_;
  std::uint64_t furthest_ = 0;
};

/// One try of a download: refuses the first byte too many.
class TrySink final : public Sink {
 public:
  TrySink(BlobStore& store, const Download& download, HighWaterProgress& progress)
      : download_(download), progress_(progress), writer_(store.begin()), hashing_(*writer_) {}

  void write(ByteSpan bytes) override {
    const std::uint64_t position = hashing_.size_bytes() + bytes.size();
    if (download_.size_bytes != 0 && position > download_.size_bytes) {
      throw Error(ErrorKind::Foreign,
                  fmt::format("{} is larger than the {} bytes it should have", download_.what, download_.size_bytes))
          .hint(kDamagedHint);
    }
    hashing_.write(bytes);
    progress_.reached(position);
  }

  /// After the last write.
  const BlobDigest& digest() {
    if (!digest_) digest_.emplace(hashing_.digest());
    return *digest_;
  }

  void commit() {
    if (download_.size_bytes != 0 && hashing_.size_bytes() != download_.size_bytes) {
      throw Error(ErrorKind::Foreign, fmt::format("{} has {} bytes, it should have {}", download_.what,
                                                  hashing_.size_bytes(), download_.size_bytes))
          .hint(kDamagedHint);
    }
    if (digest() != download_.digest) {
      throw Error(ErrorKind::Foreign, fmt::format("{} has sha256 {}, it should have {}", download_.what, digest().hex(),
                                                  download_.digest.hex()))
          .hint(kDamagedHint);
    }
    writer_->commit(download_.digest);
  }

 private:
  const Download& download_;
  HighWaterProgress& progress_;
  std::unique_ptr<BlobWriter> writer_;
  HashingSink hashing_;
  std::optional<BlobDigest> digest_;
};

}  // namespace

HttpResponse download_into_store(HttpClient& http, BlobStore& store, const Download& download,
                                 const ByteProgress& progress) {
  HighWaterProgress high_water(progress);
  std::optional<TrySink> sink;
  HttpRequest request;
  request.url = download.url;
  request.resume = request.joins_by_date = true;  // safe, since the digest is checked at the end
  request.headers["Accept-Encoding"] =
      "identity";  // some servers "decode" .tar.gz on the way, and the digest would not match
  request.body_limit_bytes =
      download.size_bytes == 0 ? kUnknownSizeLimitBytes : download.size_bytes + kStreamBufferBytes;
  const auto start_body = [&](const HttpResponse&) -> Sink& { return sink.emplace(store, download, high_water); };
  const auto fetch = [&] {
    return with_context([&] { return "fetching " + download.what; }, [&] { return http.fetch(request, start_body); });
  };
  HttpResponse response = fetch();
  if (is_success(response.status) && response.joined_by_date && sink->digest() != download.digest) {
    request.resume = false;  // the parts were of two files; one stream is of one
    response = fetch();
  }
  if (is_success(response.status)) sink->commit();
  return response;
}

Page fetch_page(HttpClient& http, HttpRequest request) {
  constexpr std::uint64_t kPageLimitBytes = 64U << 20U;
  request.body_limit_bytes = std::min(request.body_limit_bytes, kPageLimitBytes);
  std::optional<BytesSink> body;
  Page page;
  page.response =
      http.fetch(request, [&](const HttpResponse&) -> Sink& { return body.emplace(request.body_limit_bytes); });
  if (is_success(page.response.status)) page.text = std::string(body->text());
  return page;
}

void throw_bad_status(const HttpResponse& response, const std::string& what) {
  const bool wants_login = response.status == 401 || response.status == 403 || response.status == 407;
  throw Error(ErrorKind::Network, fmt::format("cannot fetch {}: `{}` answered {}", what,
                                              printable_url(response.final_url), response.status))
      .hint(wants_login ? "give user and password in the index URL of the environment variable, or in `~/.netrc`"
                        : "check the URL that docs/configuration.md names, or try again later");
}

}  // namespace mlbuild
