#include "mlbuild/debian/closure.hpp"

#include "debian/index_text.hpp"

#include "mlbuild/base/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild::debian {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> closure(const PackagesIndex& index, ClosureRequest request) {
  std::vector<std::string> names;
  for (const ClosureMember& member : resolve_closure(index, request)) names.push_back(member.package->name);
  return names;
}

std::vector<std::string> closure(const PackagesIndex& index, std::vector<std::string> wanted) {
  ClosureRequest request;
  request.wanted = std::move(wanted);
  return closure(index, request);
}

Error failure(const PackagesIndex& index, ClosureRequest request) {
  try {
    resolve_closure(index, request);
  } catch (const Error& error) {
    return error;
  }
  return Error(ErrorKind::Internal, "no error");
}

TEST(Closure, FollowsDependsAndPreDependsAndSaysWhy) {
  const PackagesIndex index = index_of(index_entry("a", "1", "Depends: b\nRecommends: z\n") +
                                       index_entry("b", "1", "Pre-Depends: c\n") + index_entry("c", "1"));
  ClosureRequest request;
  request.wanted = {"a"};
  const auto members = resolve_closure(index, request);
  ASSERT_EQ(members.size(), 3U);
  EXPECT_EQ(members[0].because, "wanted");
  EXPECT_EQ(members[1].because, "a");
  EXPECT_EQ(members[2].because, "b");
}

TEST(Closure, TakesTheFirstAlternativeThatExistsAndFits) {
  const PackagesIndex index = index_of(index_entry("a", "1", "Depends: missing | old (>= 2) | good | other\n") +
                                       index_entry("old", "1") + index_entry("good", "1") + index_entry("other", "1"));
  EXPECT_THAT(closure(index, {"a"}), ElementsAre("a", "good"));
}

TEST(Closure, SatisfiedChoicesCostNothing) {
  // `first | second` is met before `second` is selected, yet must not bring `first`.
  const PackagesIndex index =
      index_of(index_entry("a", "1", "Depends: first | second, b\n") + index_entry("b", "1", "Depends: second\n") +
               index_entry("first", "1") + index_entry("second", "1"));
  EXPECT_THAT(closure(index, {"a"}), ElementsAre("a", "b", "second"));
}

TEST(Closure, PreferredGoesFirstInsideAChoice) {
  const PackagesIndex index = index_of(index_entry("init", "1", "Depends: usrmerge | usr-is-merged\n") +
                                       index_entry("usrmerge", "1") + index_entry("usr-is-merged", "1"));
  EXPECT_THAT(closure(index, {"init"}), ElementsAre("init", "usr-is-merged"));
  ClosureRequest plain;
  plain.wanted = {"init"};
  plain.preferred = {};
  EXPECT_THAT(closure(index, plain), ElementsAre("init", "usrmerge"));
}

TEST(Closure, ProvidersGoBySourceEssentialPriorityOrder) {
  const std::string head = index_entry("a", "1", "Source: s\nDepends: virtual\n");
  const std::string plain = index_entry("plain", "1", "Provides: virtual\n");
  const std::string essential = index_entry("essential", "1", "Essential: yes\nProvides: virtual\n");
  const std::string sibling = index_entry("sibling", "1", "Source: s\nProvides: virtual\n");
  EXPECT_THAT(closure(index_of(head + plain + essential + sibling), {"a"}), ElementsAre("a", "sibling"));
  EXPECT_THAT(closure(index_of(head + plain + essential), {"a"}), ElementsAre("a", "essential"));
}

TEST(Closure, VersionedNeedsTakeVersionedProvidesOnly) {
  const PackagesIndex index =
      index_of(index_entry("a", "1", "Depends: api (>= 2)\n") + index_entry("bare", "1", "Provides: api\n") +
               index_entry("old", "1", "Provides: api (= 1)\n") + index_entry("new", "1", "Provides: api (= 2)\n"));
  EXPECT_THAT(closure(index, {"a"}), ElementsAre("a", "new"));
}

TEST(Closure, AlternativesThatConflictAreSkipped) {
  const PackagesIndex index = index_of(index_entry("a", "1", "Conflicts: bad\nDepends: bad | good\n") +
                                       index_entry("bad", "1") + index_entry("good", "1"));
  EXPECT_THAT(closure(index, {"a"}), ElementsAre("a", "good"));
}

TEST(Closure, ConflictsAreExplained) {
  const PackagesIndex index = index_of(index_entry("a", "1", "Breaks: b (<< 2)\n") + index_entry("b", "1"));
  ClosureRequest request;
  request.wanted = {"a", "b"};
  const Error error = failure(index, request);
  EXPECT_EQ(error.kind(), ErrorKind::Spec);
  EXPECT_THAT(error.message(), HasSubstr("`a` conflicts with `b (<< 2)` of `b`"));
}

TEST(Closure, InstalledPackagesSatisfyAndAreNotAdded) {
  const PackagesIndex index =
      index_of(index_entry("a", "1", "Depends: libc6 (>= 2), tool\n") + index_entry("libc6", "3", "Provides: tool\n"));
  ClosureRequest request;
  request.wanted = {"a"};
  request.installed = {{"libc6", "2"}};
  EXPECT_THAT(closure(index, request), ElementsAre("a"));
}

TEST(Closure, InstalledPackagesThatAreTooOldAreNamed) {
  const PackagesIndex index = index_of(index_entry("a", "1", "Depends: libc6 (>= 3)\n") + index_entry("libc6", "3"));
  ClosureRequest request;
  request.wanted = {"a"};
  request.installed = {{"libc6", "2"}};
  const Error error = failure(index, request);
  EXPECT_THAT(error.message(), HasSubstr("`a` needs `libc6 (>= 3)`"));
  EXPECT_THAT(error.hint_text(), HasSubstr("the base has `libc6` 2"));
}

TEST(Closure, UnknownNamesGetTheNearest) {
  const PackagesIndex index = index_of(index_entry("libgomp1", "1"));
  ClosureRequest request;
  request.wanted = {"libgomp"};
  EXPECT_EQ(failure(index, request).hint_text(), "did you mean `libgomp1`?");
}

TEST(Closure, OrderOfWishesDoesNotChangeTheSet) {
  const PackagesIndex index =
      index_of(index_entry("a", "1", "Depends: x | y\n") + index_entry("b", "1", "Depends: y\n") +
               index_entry("x", "1") + index_entry("y", "1"));
  EXPECT_EQ(closure(index, {"a", "b"}), closure(index, {"b", "a"}));
}

}  // namespace
}  // namespace mlbuild::debian
