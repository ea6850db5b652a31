// The referrers API (OCI distribution-spec v1.1, "Listing Referrers"), and what registries without it answer.

#include "mlbuild/registry/referrers.hpp"

#include "registry/client_fixture.hpp"

namespace mlbuild::test {
namespace {

const std::string kIndex =
    R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]})";

class Referrers : public RegistryClientTest {
 protected:
  /// What is found out from a registry that answers in this way.
  bool listed_where(const CannedAnswer& answer) {
    const HttpServer page([](const SeenRequest&) {
      return CannedAnswer{.headers = {{"Content-Type", std::string(oci::kIndexMediaType)}}, .body = kIndex};
    });
    const HttpServer server([&](const SeenRequest& request) {
      if (request.target == "/v2/") return CannedAnswer{};
      CannedAnswer given = answer;
      if (given.status == 302) given.headers["Location"] = page.url("/signin");
      return given;
    });
    AnonymousCredentials nobody;
    return lists_referrers("127.0.0.1:" + std::to_string(server.port()), "team/app", BlobDigest(sha256("x")), *http_,
                           nobody, cancellation_, {});
  }
  static CannedAnswer typed(std::string type, std::string body) {
    return {.headers = {{"Content-Type", std::move(type)}}, .body = std::move(body)};
  }
};

TEST_F(Referrers, AnIndexSaysThatTheyAreListed) {
  EXPECT_TRUE(listed_where(typed(std::string(oci::kIndexMediaType), kIndex)));
  EXPECT_TRUE(listed_where(typed("application/vnd.oci.image.index.v1+json; charset=utf-8", kIndex)));
}

TEST_F(Referrers, NoIndexSaysThatTheyAreNot) {
  EXPECT_FALSE(listed_where({.status = 404}));
  EXPECT_FALSE(listed_where(typed("text/html", "<html>Sign in</html>")));
  EXPECT_FALSE(listed_where(typed("text/html", std::string(5U << 20U, 'x'))));
  EXPECT_FALSE(listed_where(typed(std::string(oci::kIndexMediaType), "<html>Sign in</html>")));
  EXPECT_FALSE(listed_where({.status = 302})) << "what another host lists";
}

}  // namespace
}  // namespace mlbuild::test
