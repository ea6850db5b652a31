// Locks (which travel in repositories, and inside of images) and the resolver's pylock.toml, made to harm.

#include "../../src/lock/pylock.hpp"
#include "lock_samples.hpp"
#include "support/hostile.hpp"

#include "mlbuild/lock/lock.hpp"

#include <nlohmann/json.hpp>

namespace mlbuild::test {
namespace {

using nlohmann::json;

std::string edited(const std::function<void(json& lock, json& image, json& wheel)>& edit) {
  json lock = json::parse(to_json(sample_lock()));
  edit(lock, lock["images"][0], lock["images"][0]["wheels"][0]);
  return lock.dump();
}

class HostileLock : public ::testing::TestWithParam<HostileCase> {};
TEST_P(HostileLock, IsHarmless) {
  expect_harmless(GetParam(), ErrorKind::Spec, [](const std::string& text) { parse_lock(text, "mlbuild.lock"); });
}

const HostileCase kLocks[] = {
    {"Nothing", [] { return std::string(); }, "JSON"},
    {"Null", [] { return std::string("null"); }, "lock"},
    {"MergeConflict", [] { return "<<<<<<< HEAD\n" + to_json(sample_lock()); }, "JSON"},
    {"Deep", [] { return std::string(1'000'000, '['); }, "nested"},
    {"NumberBeyondAllNumbers", [] { return std::string(R"({"version": 1e999})"); }, "too large"},
    {"BytesBehindANul", [] { return to_json(sample_lock()) + std::string("\0evil", 5); }, "NUL"},
    {"NoUtf8", [] { return edited([](auto&, auto&, auto&) {}).insert(1, "\"\xFF\":1,"); }, "JSON"},
    {"WheelNameLeadsUp",
     [] { return edited([](auto&, auto&, json& w) { w["filename"] = "../toy-1.0-py3-none-any.whl"; }); }, "filename"},
    {"WheelNameIsAUrl",
     [] {
       return edited([](auto&, auto&, json& w) { w["filename"] = "https://evil.example/toy-1.0-py3-none-any.whl"; });
     },
     "filename"},
    {"WheelOfAnotherProject",
     [] { return edited([](auto&, auto&, json& w) { w["filename"] = "evil-1.0-py3-none-any.whl"; }); }, "filename"},
    {"DigestThatIsAPath", [] { return edited([](auto&, auto&, json& w) { w["sha256"] = "../../../etc/passwd"; }); },
     "sha256"},
    {"SizeIsNegative", [] { return edited([](auto&, auto&, json& w) { w["size"] = -1; }); }, "size"},
    {"SizeIsAFraction", [] { return edited([](auto&, auto&, json& w) { w["size"] = 1e300; }); }, "size"},
    {"VersionWithALineEnd", [] { return edited([](auto&, auto&, json& w) { w["version"] = "1.0\nevil"; }); },
     "version"},
    {"VersionWithAnEscape", [] { return edited([](auto&, auto&, json& w) { w["version"] = "1.0\x1b[2J"; }); },
     "version"},
    {"NameIsHuge", [] { return edited([](auto&, auto&, json& w) { w["name"] = std::string(1'000'000, 'n'); }); },
     "name"},
    {"UnknownMember", [] { return edited([](json& lock, auto&, auto&) { lock["scripts"] = "evil"; }); }, "scripts"},
    {"DebPathLeadsUp",
     [] { return edited([](auto&, json& i, auto&) { i["base"]["packages"][0]["path"] = "pool/../../x.deb"; }); },
     "path"},
    {"DebPathIsAUrl",
     [] { return edited([](auto&, json& i, auto&) { i["base"]["packages"][0]["path"] = "//evil.example/x.deb"; }); },
     "path"},
    {"ImageTwice", [] { return edited([](json& lock, json& i, auto&) { lock["images"].push_back(json(i)); }); },
     "twice"},
    {"PlatformLeadsUp", [] { return edited([](auto&, json& i, auto&) { i["platform"] = "../../etc"; }); }, "platform"},
};
INSTANTIATE_TEST_SUITE_P(Locks, HostileLock, ::testing::ValuesIn(kLocks), hostile_name);

std::string pylock(const std::string& packages) { return "lock-version = \"1.0\"\ncreated-by = \"x\"\n" + packages; }
std::string wheel_at(const std::string& url, const std::string& more = "", const std::string& name = "toy") {
  return pylock("[[packages]]\nname = \"" + name + "\"\nversion = \"1.0\"\nwheels = [{ url = \"" + url +
                "\", hashes = { sha256 = \"" + std::string(64, 'a') + "\" }" + more + " }]\n");
}

class HostilePylock : public ::testing::TestWithParam<HostileCase> {};
TEST_P(HostilePylock, IsHarmless) {
  expect_harmless(GetParam(), ErrorKind::Foreign, [](const std::string& text) {
    for (const PylockPackage& package : parse_pylock(text)) {
      for (const PylockFile& wheel : package.wheels) {
        EXPECT_EQ(wheel.filename.find('/'), std::string::npos);
        EXPECT_LT(wheel.size_bytes.value_or(0), std::uint64_t{1} << 62U);
      }
    }
  });
}

const HostileCase kPylocks[] = {
    {"Nothing", [] { return std::string(); }, "version"},
    {"NoToml", [] { return std::string("{]"); }, "lock file"},
    {"DeepLists", [] { return "a = " + std::string(100'000, '['); }, "lock file"},
    {"DeepTables", [] { return "[a" + repeated(".a", 100'000) + "]\n"; }, "more than 16 parts"},
    {"DeepInlineTables", [] { return "a = " + repeated("{a=", 100'000); }, "lock file"},
    {"DottedKeysWithoutEnd", [] { return "a" + repeated(".a", 100'000) + " = 1\n"; }, "more than 16 parts"},
    {"DottedKeysInQuotes", [] { return "'a'" + repeated(".'a'", 100'000) + " = 1\n"; }, "more than 16 parts"},
    {"DottedKeysInAnInlineTable", [] { return "x = {a" + repeated(".a", 100'000) + " = 1}\n"; }, "more than 16 parts"},
    {"DottedKeysBehindManyQuotes", [] { return "x = [\"\"\"a\"\"\"\", {a" + repeated(".a", 100'000) + " = 1}]\n"; },
     "more than 16 parts"},
    {"DotsInTextAreText",
     [] {
       return pylock("x = \"\"\"" + std::string(100'000, '.') + "\"\"\" # " + std::string(100, '.') +
                     "\npackages = []\n");
     },
     kHarmless},
    {"LaterVersion", [] { return std::string("lock-version = \"2.0\"\npackages = []\n"); }, "version"},
    {"FileNameDecodedTwice", [] { return wheel_at("https://i.example/%252e%252e%252fevil.whl"); }, kHarmless},
    {"FileNameWithAnEncodedSlash", [] { return wheel_at("https://i.example/..%2f..%2fevil.whl"); }, "plain name"},
    {"FileNameIsTwoDots", [] { return wheel_at("https://i.example/%2e%2e"); }, "plain name"},
    {"FileNameHasAnEncodedNul", [] { return wheel_at("https://i.example/toy%00.whl"); }, "plain name"},
    {"SizeIsNegative", [] { return wheel_at("https://i.example/toy-1.0-py3-none-any.whl", ", size = -1"); }, kHarmless},
    {"NameIsAPath", [] { return wheel_at("https://i.example/a.whl", "", "../evil"); }, "no project's name"},
    {"PackageFromADirectory",
     [] { return pylock("[[packages]]\nname = \"toy\"\nversion = \"1\"\ndirectory = { path = \"/etc\" }\n"); },
     "directory"},
    {"PackageFromAProgram",
     [] {
       return pylock(
           "[[packages]]\nname = \"toy\"\nversion = \"1\"\nvcs = { type = \"git\", url = \"ext::sh -c evil\" }\n");
     },
     "vcs"},
    {"TheSamePackageTwice",
     [] { return wheel_at("https://i.example/a.whl") + wheel_at("https://i.example/b.whl").substr(38); }, "twice"},
    {"WithoutSha256",
     [] {
       return pylock(
           "[[packages]]\nname = \"toy\"\nversion = \"1\"\nwheels = [{ url = \"https://i.example/a.whl\", "
           "hashes = { md5 = \"00\" } }]\n");
     },
     "SHA-256"},
    {"DateThatIsNone", [] { return pylock("x = 2024-13-99T99:99:99Z\npackages = []\n"); }, "lock file"},
};
INSTANTIATE_TEST_SUITE_P(Pylocks, HostilePylock, ::testing::ValuesIn(kPylocks), hostile_name);

}  // namespace
}  // namespace mlbuild::test
