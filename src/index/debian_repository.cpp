#include "mlbuild/index/debian_repository.hpp"

#include "clear_signature.hpp"
#include "download.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/index/release.hpp"
#include "mlbuild/io/deflate.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/net/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <utility>

namespace mlbuild {
namespace {

constexpr std::uint64_t kInReleaseLimitBytes = 16U << 20U;
constexpr std::uint64_t kPackagesLimitBytes = 512U << 20U;

/// Suite and architecture become parts of URLs.
void require_plain_word(std::string_view word, std::string_view what) {
  const bool plain = !word.empty() && word.front() != '.' && std::ranges::all_of(word, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  });
  if (!plain) throw Error(ErrorKind::Spec, fmt::format("`{}` is no name of a Debian {}", printable(word), what));
}

/// Path of a file below the mirror's root, as the Packages file or a lock names it.
void require_inner_path(std::string_view path) {
  bool inner = !path.empty() && !path.starts_with('/');
  for (const std::string_view segment : split(path, '/')) {
    inner = inner && !segment.empty() && segment != "." && segment != "..";
  }
  if (!inner) throw Error(ErrorKind::Foreign, fmt::format("`{}` is no path below a Debian mirror", printable(path)));
}

const std::string& mirror_of(const DebianMirrors& mirrors, std::string_view suite) {
  return suite.ends_with("-security") ? mirrors.security : mirrors.main;
}

std::string url_below(std::string_view mirror, std::string_view path) {
  Url url = Url::parse(mirror);
  while (url.path.ends_with('/')) url.path.pop_back();
  url.path += "/" + percent_encode_path(path);
  return url.to_string();
}

void keep(BlobStore& store, std::string_view text) {
  const std::unique_ptr<BlobWriter> writer = store.begin();
  writer->write(as_bytes(text));
  writer->commit();
}

/// One suite on one mirror, from InRelease to its Packages file.
class Suite {
 public:
  Suite(HttpClient& http, BlobStore& store, std::string mirror, std::string name)
      : http_(http), store_(store), mirror_(std::move(mirror)), name_(std::move(name)) {}

  VerifiedRelease fetch_release(const std::filesystem::path& keyring, const Cancellation& cancellation);
  /// After fetch_release: the digest of the Packages file, which is in the store then (compressed as it came).
  BlobDigest fetch_packages(const std::string& architecture);

 private:
  std::string fetch_in_release();
  void check_release() const;
  std::string path(std::string_view below) const { return fmt::format("dists/{}/{}", name_, below); }
  bool try_fetch(const std::string& path, const Release::File& file);

  HttpClient& http_;
  BlobStore& store_;
  std::string mirror_;
  std::string name_;
  Release release_;
};

std::string Suite::fetch_in_release() {
  HttpRequest request;
  request.url = url_below(mirror_, path("InRelease"));
  request.body_limit_bytes = kInReleaseLimitBytes;
  request.headers["Cache-Control"] =
      "max-age=0";  // RFC 9111, 5.2.1.1: a proxy's copy of last week does not match the lists
  Page page = fetch_page(http_, request);
  if (page.response.status == 404) {
    throw Error(ErrorKind::Network, fmt::format("mirror `{}` has no suite `{}`", printable_url(mirror_), name_))
        .hint("check the spec's `base.debian` and the mirror's URL: it is the part before `/dists`");
  }
  if (page.response.status != 200) throw_bad_status(page.response, "InRelease");
  return std::move(page.text);
}

// A mirror (or whoever sits between) may replay a genuinely signed file: of another suite, or an old one that lacks
// fixes.
void Suite::check_release() const {
  if (release_.codename != name_ && release_.suite != name_) {
    throw Error(ErrorKind::Foreign, fmt::format("the mirror sent the suite `{}` (`{}`) instead of `{}`",
                                                printable(release_.codename), printable(release_.suite), name_));
  }
  const std::int64_t now =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  if (release_.valid_until_seconds && *release_.valid_until_seconds < now) {
    throw Error(ErrorKind::Foreign,
                fmt::format("the package list was valid until {}", to_rfc3339(*release_.valid_until_seconds)))
        .hint("the mirror is no longer updated, or this machine's clock is wrong; use another mirror");
  }
}

VerifiedRelease Suite::fetch_release(const std::filesystem::path& keyring, const Cancellation& cancellation) {
  const std::string in_release = fetch_in_release();
  release_ = Release::parse(verify_clear_signature(in_release, keyring, cancellation));
  check_release();
  keep(store_, in_release);
  return {name_, BlobDigest(sha256(in_release)), to_rfc3339(release_.date_seconds), release_.date_seconds};
}

BlobDigest Suite::fetch_packages(const std::string& architecture) {
  const std::string folder = fmt::format("main/binary-{}/", architecture);
  for (const char* name : {"Packages.xz", "Packages.gz", "Packages"}) {
    const auto found = release_.files.find(folder + name);
    if (found == release_.files.end()) continue;
    const Release::File& file = found->second;
    if (store_.find(file.sha256)) return file.sha256;
    if (file.size_bytes > kPackagesLimitBytes) {
      throw Error(ErrorKind::Foreign,
                  fmt::format("package list `{}` has {}", found->first, human_bytes(file.size_bytes)));
    }
    // By hash the list that belongs to this InRelease is found even while the mirror is being updated.
    const std::string by_hash = fmt::format("{}by-hash/SHA256/{}", folder, file.sha256.hex());
    if (release_.acquire_by_hash && try_fetch(path(by_hash), file)) return file.sha256;
    if (try_fetch(path(found->first), file)) return file.sha256;
    throw Error(ErrorKind::Network,
                fmt::format("mirror `{}` lacks the package list `{}`", printable_url(mirror_), path(found->first)))
        .hint("the mirror is being updated or incomplete; try again in a few minutes or use another one");
  }
  throw Error(ErrorKind::Foreign, fmt::format("suite `{}` has no packages for architecture `{}`", name_, architecture))
      .hint("check the spec's `platforms`");
}

bool Suite::try_fetch(const std::string& path, const Release::File& file) {
  const std::string what = fmt::format("package list `{}` of mirror `{}`", path, printable_url(mirror_));
  const HttpResponse response =
      download_into_store(http_, store_, {url_below(mirror_, path), what, file.sha256, file.size_bytes}, {});
  if (response.status == 404 || response.status == 410) return false;
  if (response.status < 200 || response.status >= 300) throw_bad_status(response, what);
  return true;
}

}  // namespace

DebianIndex fetch_debian_index(HttpClient& http, BlobStore& store, const DebianMirrors& mirrors,
                               const std::string& suite, const std::string& architecture,
                               const std::filesystem::path& keyring, const Cancellation& cancellation) {
  require_plain_word(suite, "suite");
  require_plain_word(architecture, "architecture");
  DebianIndex index;
  for (const char* pocket : {"", "-updates", "-security"}) {
    cancellation.check();
    const std::string name = suite + pocket;
    with_context([&] { return fmt::format("reading the package list of Debian suite `{}`", name); },
                 [&] {
                   Suite one(http, store, mirror_of(mirrors, name), name);
                   index.releases.push_back(one.fetch_release(keyring, cancellation));
                   const BlobDigest packages = one.fetch_packages(architecture);
                   const std::unique_ptr<Source> text = decompress(store.stream(packages));
                   index.packages.add(*text, name);
                 });
  }
  return index;
}

void fetch_deb(HttpClient& http, BlobStore& store, const DebianMirrors& mirrors, const std::string& suite,
               const std::string& path, const BlobDigest& digest, std::uint64_t size_bytes,
               const ByteProgress& progress) {
  if (store.find(digest)) return;
  require_inner_path(path);
  const std::string& mirror = mirror_of(mirrors, suite);
  const std::string what = fmt::format("`{}` of mirror `{}`", printable(path), printable_url(mirror));
  const HttpResponse response =
      download_into_store(http, store, {url_below(mirror, path), what, digest, size_bytes}, progress);
  if (response.status == 404 || response.status == 410) {
    throw Error(ErrorKind::Network, fmt::format("{} is not there", what))
        .hint(
            "mirrors drop superseded versions: `mlbuild lock` takes the present ones, or name a mirror that "
            "keeps "
            "them as `MLBUILD_DEBIAN_MIRROR`");
  }
  if (response.status < 200 || response.status >= 300) throw_bad_status(response, what);
}

}  // namespace mlbuild
