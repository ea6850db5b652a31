#include "lock_samples.hpp"
#include "support/source_dir.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/lock/lock.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>

namespace mlbuild::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

/// The sample lock with one thing changed.
std::string edited(const std::function<void(json&)>& edit) {
  json lock = json::parse(to_json(sample_lock()));
  edit(lock);
  return lock.dump();
}

Error refusal(const std::string& text) {
  try {
    parse_lock(text, "spec.lock");
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "was accepted";
  return Error(ErrorKind::Internal, "none");
}

json& wheel(json& lock, std::size_t i) { return lock["images"][0]["wheels"][i]; }

TEST(LockJson, ReadingWhatWasWrittenGivesTheSame) {
  const std::string text = to_json(sample_lock());
  EXPECT_EQ(to_json(parse_lock(text, "spec.lock")), text);
}

void expect_golden(const Lock& lock, const std::string& name) {
  const std::string made = to_json(lock);
  const std::string file = test::source_dir() / "tests/data/lock" / name;
  if (std::getenv("MLBUILD_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(file) << made;
    GTEST_SKIP() << "golden file rewritten";
  }
  std::stringstream golden;
  golden << std::ifstream(file).rdbuf();
  EXPECT_EQ(made, golden.str());
}

TEST(LockJson, IsTheGoldenFile) { expect_golden(sample_lock(), "minimal.lock.json"); }

Lock lock_on_base() {
  Lock lock = sample_lock();
  lock.images.push_back(sample_image_on_base());
  return lock;
}

TEST(LockJson, WithABaseImageIsTheGoldenFile) { expect_golden(lock_on_base(), "base_image.lock.json"); }

TEST(LockJson, ABaseImageIsReadAsItWasWritten) {
  const std::string text = to_json(lock_on_base());
  EXPECT_EQ(to_json(parse_lock(text, "spec.lock")), text);
  const LockedBaseImage base = *parse_lock(text, "spec.lock").images[1].base_image;
  EXPECT_EQ(base.config.history.at(0).created_by, "FROM a\ttab");
  EXPECT_EQ(base.layers.at(0).plain_size_bytes, 9000U);
  EXPECT_EQ(base.debian.packages.at(1).name, "tar");
}

TEST(LockJson, ALazyLayerOfABaseKeepsItsAnnotationsAndALockWithoutThemIsRead) {
  const std::map<std::string, std::string> lazy{{"containerd.io/snapshot/stargz/toc.digest", "sha256:1"}};
  Lock lock = lock_on_base();
  EXPECT_EQ(to_json(lock).find("annotations"), std::string::npos);
  lock.images[1].base_image->layers[0].blob.annotations = lazy;
  const std::string text = to_json(lock);
  const Lock read = parse_lock(text, "spec.lock");
  EXPECT_EQ(read.images[1].base_image->layers[0].blob.annotations, lazy);
  EXPECT_EQ(to_json(read), text);
}

TEST(LockJson, DirectoriesOfABaseAreKeptAndALockWithoutThemIsRead) {
  Lock lock = lock_on_base();
  EXPECT_EQ(to_json(lock).find("directories"), std::string::npos);
  lock.images[1].base_image->directories = {{"home/me", {02750, 1000, 100}}, {"tmp", {01777, 0, 0}}};
  const std::string text = to_json(lock);
  EXPECT_THAT(text, HasSubstr("\"home/me\": \"2750 1000:100\""));
  EXPECT_EQ(parse_lock(text, "spec.lock").images[1].base_image->directories, lock.images[1].base_image->directories);
}

TEST(LockJson, ABaseImageEditedIntoNonsenseIsRefused) {
  const auto directories = [](json value) {
    return [value](json& image) { image["base"]["image"]["directories"] = value; };
  };
  const auto annotate = [](json value) {
    return [value](json& image) { image["base"]["image"]["layers"][0]["annotations"] = value; };
  };
  const std::vector<std::pair<std::string, std::function<void(json&)>>> edits{
      {"base.image.layers",
       [](json& image) { image["base"]["image"]["layers"][0]["diff_id"] = "sha256:" + std::string(64, '0'); }},
      {"base.image.layers[0].media_type",
       [](json& image) { image["base"]["image"]["layers"][0]["media_type"] = "text/plain"; }},
      {"base.image.layers[0].annotations", annotate(json::object())},
      {"base.image.layers[0].annotations", annotate("lazy")},
      {"base.image.layers[0].annotations", annotate({{"org.mlbuild.key", "x"}})},
      {"base.image.layers[0].annotations", annotate({{"containerd.io/snapshot/stargz/toc.digest", 1}})},
      {"base.image.directories", directories("tmp")},
      {"base.image.directories", directories({{"../tmp", "1777 0:0"}})},
      {"base.image.directories", directories({{"tmp", 1777}})},
      {"base.image.directories", directories({{"tmp", "17777 0:0"}})},
      {"base.image.directories", directories({{"tmp", "1777 0:4294967296"}})},
      {"base.image.directories", directories({{"tmp", "777 0:0"}})},
      {"base.image.directories", directories({{"tmp", "0777 0"}})},
      {"base.image.kind", [](json& image) { image["base"]["image"]["kind"] = "floppy"; }},
      {"base.image.config", [](json& image) { image["base"]["image"]["config"] = 3; }},
      {"base.image.debian.database", [](json& image) { image["base"]["image"]["debian"]["database"] = "rpm"; }},
      {"base.image.debian.status.layer", [](json& image) { image["base"]["image"]["debian"]["status"]["layer"] = 1; }},
      {"base.image.projects[0].entries",
       [](json& image) { image["base"]["image"]["projects"][0]["entries"][0] = "../etc"; }},
      {"interpreter.scheme.purelib", [](json& image) { image["interpreter"]["scheme"]["purelib"] = "/usr/lib"; }}};
  for (const auto& [member, edit] : edits) {
    json lock = json::parse(to_json(lock_on_base()));
    edit(lock["images"][1]);
    EXPECT_THAT(refusal(lock.dump()).message(), HasSubstr("images[1]." + member)) << member;
  }
}

TEST(LockJson, FindsImagesByVariantAndPlatform) {
  const Lock lock = sample_lock();
  EXPECT_EQ(lock.find("", {"linux", "amd64", ""}), lock.images.data());
  EXPECT_EQ(lock.find("serve", {"linux", "amd64", ""}), nullptr);
  EXPECT_EQ(lock.find("", {"linux", "arm64", ""}), nullptr);
}

TEST(LockJson, AnotherVersionSaysWhoCanReadIt) {
  const Error error = refusal(edited([](json& lock) { lock["version"] = 2; }));
  EXPECT_THAT(error.message(), HasSubstr("version 2"));
  EXPECT_THAT(error.hint_text(), HasSubstr("newer"));
  EXPECT_EQ(error.kind(), ErrorKind::Spec);
  EXPECT_EQ(error.location().file, "spec.lock");
}

TEST(LockJson, BrokenTextNamesTheLine) {
  EXPECT_THAT(refusal("{\n\"version\": 1,\n<<<<<<< ours\n").message(), HasSubstr("line 3"));
  EXPECT_EQ(refusal("").kind(), ErrorKind::Spec);
  EXPECT_EQ(refusal("[]").kind(), ErrorKind::Spec);
}

TEST(LockJson, MistakesNameTheMember) {
  EXPECT_THAT(refusal(edited([](json& lock) { wheel(lock, 1).erase("size"); })).message(),
              HasSubstr("images[0].wheels[1].size"));
  EXPECT_THAT(refusal(edited([](json& lock) { lock["images"][0]["spec"]["digest"] = "sha256:00"; })).message(),
              HasSubstr("spec.digest"));
}

TEST(LockJson, RefusesNonsense) {
  const std::function<void(json&)> edits[] = {
      [](json& lock) { lock["extra"] = 1; },
      [](json& lock) { lock["images"] = 7; },
      [](json& lock) { lock["images"].push_back(lock["images"][0]); },
      [](json& lock) { wheel(lock, 0)["sha256"] = std::string(64, 'A'); },
      [](json& lock) { wheel(lock, 0)["size"] = -1; },
      [](json& lock) { wheel(lock, 0)["size"] = "12"; },
      [](json& lock) { wheel(lock, 0)["filename"] = "../toy-1.0-py3-none-any.whl"; },
      [](json& lock) { wheel(lock, 0)["filename"] = "other-1.0-py3-none-any.whl"; },
      [](json& lock) { wheel(lock, 0)["name"] = "Toy"; },
      [](json& lock) { wheel(lock, 0)["index"] = "https://example.com"; },
      [](json& lock) { wheel(lock, 0)["version"] = "1\n2"; },
      [](json& lock) { wheel(lock, 1) = wheel(lock, 0); },
      [](json& lock) { std::swap(wheel(lock, 0), wheel(lock, 1)); },
      [](json& lock) { lock["images"][0]["base"]["packages"][0]["path"] = "/pool/x.deb"; },
      [](json& lock) { lock["images"][0]["base"]["packages"][0]["path"] = "pool/../../x.deb"; },
      [](json& lock) { lock["images"][0]["sdists"][0]["filename"] = "odd-0.1.zip"; },
      [](json& lock) {
        json& build = lock["images"][0]["sdists"][0]["build"];
        build.push_back(json(build[0]));
      },
      [](json& lock) { lock["images"][0]["platform"] = ""; },
      [](json& lock) { lock["version"] = json(); },
  };
  std::size_t number = 0;
  for (const auto& edit : edits) EXPECT_EQ(refusal(edited(edit)).kind(), ErrorKind::Spec) << "edit " << number++;
}

TEST(LockJson, TheInterpreterIsOneOrNone) {
  const auto with = [](const std::string& member, const std::string& value) {
    return edited([&](json& lock) { lock["images"][0]["interpreter"][member] = value; });
  };
  for (const auto& [member, value] : std::vector<std::pair<std::string, std::string>>{{"version", "../.."},
                                                                                      {"version", "3."},
                                                                                      {"version", "3.12"},
                                                                                      {"version", ""},
                                                                                      {"full_version", "x"},
                                                                                      {"full_version", ""},
                                                                                      {"full_version", "3.11.x"},
                                                                                      {"full_version", "3.110.1"},
                                                                                      {"path", "usr/bin/python3"},
                                                                                      {"path", "/usr/../python3"},
                                                                                      {"path", "/usr/bin/env python3"},
                                                                                      {"path", ""}}) {
    const Error error = refusal(with(member, value));
    EXPECT_EQ(error.kind(), ErrorKind::Spec) << member << " " << value;
    EXPECT_THAT(error.message(), HasSubstr("images[0].interpreter.")) << member << " " << value;
  }
  const std::string none = edited([](json& lock) {
    for (const char* member : {"version", "full_version", "path", "glibc"})
      lock["images"][0]["interpreter"][member] = "";
  });
  EXPECT_EQ(parse_lock(none, "mlbuild.lock").images[0].interpreter.version, "");
}

TEST(LockJson, AMemberTwiceIsRefusedWhereverItIs) {
  std::string text = to_json(sample_lock());
  EXPECT_THAT(refusal("{\"version\": 1," + text.substr(1)).message(), HasSubstr("`version` is twice"));
  const std::string size = "\"size\": 2000";
  text.replace(text.rfind(size), size.size(), "\"size\": 1, " + size);
  EXPECT_THAT(refusal(text).message(), HasSubstr("`images[0].wheels[1].size` is twice"));
  EXPECT_THAT(refusal(R"({"a": [[{"a": 1}], {}, "b", [{}, {"c": 1, "c": 2}]]})").message(),
              HasSubstr("`a[3][1].c` is twice"));
  EXPECT_THAT(refusal(R"([{"c": 1, "c": 2}])").message(), HasSubstr("`[0].c` is twice"));
}

TEST(LockJson, RefusesDeepNesting) { EXPECT_EQ(refusal(std::string(100000, '[')).kind(), ErrorKind::Spec); }

TEST(LockJson, OnlyALockOfALaterReleaseIsCalledThat) {
  EXPECT_TRUE(is_of_later_release(R"({"version":99,"images":"in a shape of then"})"));
  for (const std::string& text :
       {std::string(), std::string("<<<<<<< HEAD"), std::string("[]"), to_json(sample_lock())})
    EXPECT_FALSE(is_of_later_release(text)) << text;
}

}  // namespace
}  // namespace mlbuild::test
