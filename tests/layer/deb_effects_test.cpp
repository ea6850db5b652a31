#include "../../src/layer/deb_effects.hpp"

#include "mlbuild/base/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild::test {
namespace {

using debian::parse_effects;

std::string text_of(const DebTree& tree, const std::string& path) {
  const DebEntry* entry = tree.find(path);
  return entry == nullptr ? "(absent)" : tree.read_file(*entry, 1U << 20U);
}

DebTree masters() {
  DebTree tree(false);
  tree.add_file("usr/share/base-passwd/passwd.master",
                "root:*:0:0:root:/root:/bin/bash\ndaemon:*:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n");
  tree.add_file("usr/share/base-passwd/group.master", "root:*:0:\nstaff:*:50:alice\n");
  return tree;
}

TEST(DebEffects, BundleIsTheCertificatesInByteOrderOfTheirNames) {
  DebTree tree(false);
  tree.add_file("usr/share/ca-certificates/mozilla/b.crt", "bbb\n");
  tree.add_file("usr/share/ca-certificates/mozilla/Z.crt", "ZZZ\n");
  tree.add_file("usr/share/ca-certificates/mozilla/a.crt", "aaa");
  tree.add_file("usr/share/ca-certificates/mozilla/README", "no certificate");
  apply_effects(tree, parse_effects("ca-bundle"), {});
  EXPECT_EQ(text_of(tree, "etc/ssl/certs/ca-certificates.crt"), "ZZZ\naaa\nbbb\n");
  EXPECT_EQ(tree.find("usr/lib/ssl/cert.pem")->tar.link_target, "/etc/ssl/certs/ca-certificates.crt");
}

TEST(DebEffects, PasswordsMoveToShadow) {
  DebTree tree = masters();
  DebLayerParameters parameters;
  parameters.epoch_seconds = 86400 * 10;
  apply_effects(tree, parse_effects("accounts"), parameters);
  EXPECT_EQ(text_of(tree, "etc/passwd"),
            "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n");
  EXPECT_EQ(text_of(tree, "etc/shadow"), "root:*:10:0:99999:7:::\ndaemon:*:10:0:99999:7:::\n");
  EXPECT_EQ(text_of(tree, "etc/gshadow"), "root:*::\nstaff:*::alice\n");
  EXPECT_EQ(tree.find("etc/shadow")->tar.mode, 0640U);
  EXPECT_EQ(tree.find("etc/shadow")->tar.gid, 42U);
}

TEST(DebEffects, WithoutShadowTheMastersAreCopied) {
  DebTree tree = masters();
  DebLayerParameters parameters;
  parameters.include_shadow = false;
  apply_effects(tree, parse_effects("accounts"), parameters);
  EXPECT_EQ(text_of(tree, "etc/group"), "root:*:0:\nstaff:*:50:alice\n");
  EXPECT_EQ(tree.find("etc/shadow"), nullptr);
}

TEST(DebEffects, DefaultsAreCopiedOnlyWhereNothingIs) {
  DebTree tree(false);
  tree.add_file("usr/share/toy/default", "default", 0600);
  tree.add_file("etc/kept", "mine");
  apply_effects(
      tree,
      parse_effects(
          "copy usr/share/toy/default etc/kept; copy usr/share/toy/default etc/new; copy usr/absent etc/none"),
      {});
  EXPECT_EQ(text_of(tree, "etc/kept"), "mine");
  EXPECT_EQ(text_of(tree, "etc/new"), "default");
  EXPECT_EQ(tree.find("etc/new")->tar.mode, 0600U);
  EXPECT_EQ(tree.find("etc/none"), nullptr);
}

TEST(DebEffects, TimeZoneIsUtc) {
  DebTree tree(false);
  apply_effects(tree, parse_effects("time-zone"), {});
  EXPECT_EQ(tree.find("etc/localtime")->tar.link_target, "/usr/share/zoneinfo/Etc/UTC");
  EXPECT_EQ(text_of(tree, "etc/timezone"), "Etc/UTC\n");
}

TEST(DebTree, LinksAreFollowedInsideTheTreeOnly) {
  DebTree tree(false);
  tree.add_file("usr/bin/real", "x");
  tree.add_symlink("usr/bin/relative", "../bin/./real");
  tree.add_symlink("usr/bin/absolute", "/bin/relative");
  tree.add_symlink("usr/bin/loop", "loop");
  tree.add_symlink("usr/bin/out", "../../../../usr/bin/real");
  EXPECT_EQ(tree.resolve("/usr/bin/absolute"), tree.find("usr/bin/real"));
  EXPECT_EQ(tree.resolve("usr/bin/loop"), nullptr);
  EXPECT_EQ(tree.resolve("usr/bin/out"), tree.find("usr/bin/real")) << "the root's parent is the root";
  EXPECT_EQ(tree.resolve("usr/bin/absent"), nullptr);
}

}  // namespace
}  // namespace mlbuild::test
