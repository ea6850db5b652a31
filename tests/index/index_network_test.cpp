// The real thing: the index and the mirror that this machine is set up to use. Fails aloud when there is none.

#include "mlbuild/base/error.hpp"
#include "mlbuild/index/debian_repository.hpp"
#include "mlbuild/index/python_index.hpp"
#include "mlbuild/index/site.hpp"
#include "mlbuild/store/memory_store.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

namespace mlbuild {
namespace {

SiteConfig site() {
  return read_site_config([](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  });
}

TEST(RealIndex, ListsAProjectAndFetchesAWheelByItsDigest) {
  const Cancellation cancellation;
  const auto http = make_http_client(cancellation);
  const PythonIndex index = site().require_index();
  const auto files = list_index_files(*http, index, "antlr4-python3-runtime");
  const std::string name = "antlr4_python3_runtime-4.13.2-py3-none-any.whl";
  const auto wheel = std::ranges::find(files, name, &IndexFile::filename);
  ASSERT_NE(wheel, files.end());
  const BlobDigest digest = BlobDigest::parse("fe3835eb8d33daece0e799090eda89719dbccee7aa39ef94eed3818cafa5a7e8");
  EXPECT_EQ(wheel->sha256, digest);
  MemoryStore store;
  MemoryKeyIndex urls;
  fetch_python_file(*http, store, urls, index, "antlr4-python3-runtime", name, digest, 0, {});
  EXPECT_EQ(store.find(digest), query_size(*http, authorized_url(index, wheel->url)));
}

TEST(RealMirror, PackageListsOfBookwormAreVerifiedAndADebIsFetched) {
  const Cancellation cancellation;
  const auto http = make_http_client(cancellation);
  const SiteConfig config = site();
  MemoryStore store;
  const DebianIndex index = fetch_debian_index(*http, store, config.require_debian(), "bookworm", "amd64",
                                               config.debian_keyring, cancellation);
  EXPECT_EQ(index.releases.size(), 3U);
  EXPECT_GT(index.packages.size(), 60000U);
  const debian::Package* package = index.packages.find("libgomp1");
  ASSERT_NE(package, nullptr);
  fetch_deb(*http, store, config.require_debian(), package->suite, package->filename, package->sha256,
            package->size_bytes, {});
  EXPECT_EQ(store.find(package->sha256), package->size_bytes);
}

}  // namespace
}  // namespace mlbuild
