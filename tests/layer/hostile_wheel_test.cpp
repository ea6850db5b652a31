// Whole wheels that were made to harm, from zip to layer, beside the odd ones of odd_wheels_test.cpp: what each part
// allows may be hostile where it is installed.

#include "support/hostile.hpp"
#include "support/layer_reading.hpp"

#include <gtest/gtest.h>

namespace mlbuild::test {
namespace {

/// A case makes a wheel, which has a file name, too.
struct HostileWheelCase {
  const char* name;
  std::function<WheelBuilder()> wheel;
  const char* word;
};
void PrintTo(const HostileWheelCase& hostile, std::ostream* out) { *out << hostile.name; }

WheelBuilder with(const std::string& path, std::uint32_t mode = 0100644) {
  return WheelBuilder::named("toy").add("toy.py", "answer = 42\n").add(path, "x", mode);
}
WheelBuilder changed(const std::function<void(WheelBuilder&)>& edit) {
  WheelBuilder wheel = WheelBuilder::named("toy").add("toy.py", "answer = 42\n");
  edit(wheel);
  return wheel;
}

class HostileWheel : public ::testing::TestWithParam<HostileWheelCase> {};
TEST_P(HostileWheel, IsHarmless) {
  const HostileWheelCase& hostile = GetParam();
  expect_harmless({hostile.name, [] { return std::string(); }, hostile.word}, ErrorKind::Foreign,
                  [&](const std::string&) {
                    const ReadLayer layer = install({hostile.wheel()});
                    for (const auto& [path, read] : layer.entries) {
                      EXPECT_TRUE(path == "usr" || path.starts_with("usr/")) << path;
                      EXPECT_EQ(path.find("/.wh."), std::string::npos) << path;
                    }
                  });
}

const HostileWheelCase kWheels[] = {
    {"Whiteout", [] { return with(".wh.numpy"); }, "delete files"},
    {"OpaqueWhiteout", [] { return with(".wh..wh..opq"); }, "delete files"},
    {"WhiteoutInADirectory", [] { return with("toy/.wh.init"); }, "delete files"},
    {"DirectoryThatIsAWhiteout", [] { return with(".wh.numpy/a.py"); }, "delete files"},
    {"WhiteoutInData", [] { return with("toy-1.0.data/data/.wh.bin"); }, "delete files"},
    {"WhiteoutAsAScript", [] { return with("toy-1.0.data/scripts/.wh.python3"); }, "delete files"},
    {"WhiteoutAsAnEntryPoint",
     [] { return changed([](WheelBuilder& w) { w.entry_points("[console_scripts]\n.wh.python3 = toy:main\n"); }); },
     "plain file name"},
    {"EntryPointAbsolute",
     [] { return changed([](WheelBuilder& w) { w.entry_points("[console_scripts]\n/bin/sh = toy:main\n"); }); },
     "plain file name"},
    {"DataLeadsUp", [] { return with("toy-1.0.data/data/../../../etc/passwd"); }, "passwd"},
    {"HeadersLeadUp", [] { return with("toy-1.0.data/headers/../x.h"); }, "x.h"},
    {"SetUserIdIsLost", [] { return with("toy-1.0.data/scripts/run", 0104755); }, kHarmless},
    {"Fifo", [] { return with("pipe", 0010644); }, "no regular file"},
    {"Socket", [] { return with("socket", 0140644); }, "no regular file"},
    {"BlockDevice", [] { return with("disk", 0060644); }, "no regular file"},
    {"SymlinkInData", [] { return with("toy-1.0.data/data/link", 0120777); }, "symbolic link"},
    {"RecordNamesOthersFiles",
     [] { return changed([](WheelBuilder& w) { w.more_record = "../../../../etc/passwd,,\n/etc/shadow,,\n"; }); },
     kHarmless},
    {"RecordOfBrokenText", [] { return changed([](WheelBuilder& w) { w.more_record = "\"a,,\n"; }); }, "RECORD"},
    {"NameThatIsAPath", [] { return changed([](WheelBuilder& w) { w.metadata = "Name: ../toy\nVersion: 1.0\n"; }); },
     "malformed Name"},
    {"MetadataBomb",
     [] { return changed([](WheelBuilder& w) { w.metadata += "Summary: " + std::string(17'000'000, 's') + "\n"; }); },
     "allowed are"},
    {"TagSetsThatMultiply",
     [] {
       std::string alternatives = "py3";
       for (int i = 0; i < 1000; ++i) alternatives += ".any" + std::to_string(i);
       return changed([&](WheelBuilder& w) {
         w.wheel_file += "Tag: " + alternatives + "-" + alternatives + "-" + alternatives + "\n";
       });
     },
     kHarmless},
    {"DistInfoInTheDepth", [] { return changed([](WheelBuilder& w) { w.dist_info = "a/toy-1.0.dist-info"; }); },
     "dist-info"},
    {"AFileWhereADirectoryIs", [] { return with("toy.py/evil.py"); }, "a file and a directory"},
    {"NameThatIsTooLongWhereItIsInstalled", [] { return with(repeated("a/", 2040) + "b"); }, "longer than Linux takes"},
    {"AScriptInTheInterpretersPlace", [] { return with("toy-1.0.data/scripts/../bin/python3"); }, "python3"},
};
INSTANTIATE_TEST_SUITE_P(Wheels, HostileWheel, ::testing::ValuesIn(kWheels),
                         [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace mlbuild::test
