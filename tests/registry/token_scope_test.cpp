#include "../../src/registry/token_scope.hpp"

#include <gtest/gtest.h>

namespace mlbuild {
namespace {

TEST(TokenScope, UnitesTheActionsOfOneResource) {
  TokenScope scope = TokenScope::pull("a/b");
  scope.add("repository:a/b:push");
  scope.add(TokenScope::pull("a/b"));
  EXPECT_EQ(scope.to_string(), "repository:a/b:pull,push");
}

TEST(TokenScope, KeepsSeveralResourcesInOneOrder) {
  TokenScope one("repository:x:pull repository:b:pull,push");
  TokenScope other("repository:b:push,pull");
  other.add(TokenScope::pull("x"));
  EXPECT_EQ(one.to_string(), other.to_string());
  EXPECT_EQ(one.entries(), (std::vector<std::string>{"repository:b:pull,push", "repository:x:pull"}));
}

TEST(TokenScope, TheActionsAreBehindTheLastColon) {
  EXPECT_EQ(TokenScope("repository:host:5000/x:pull").to_string(), "repository:host:5000/x:pull");
}

TEST(TokenScope, NothingIsNothing) {
  EXPECT_EQ(TokenScope("").to_string(), "");
  EXPECT_EQ(TokenScope("  nonsense  ").to_string(), "");
}

}  // namespace
}  // namespace mlbuild
