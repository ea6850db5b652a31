#include "../../src/run/built_wheel_check.hpp"

#include "support/hostile.hpp"
#include "support/wheel_builder.hpp"

namespace mlbuild::test {
namespace {

std::string wheel_with(const std::string& name, const std::string& content) {
  return std::string(as_text(WheelBuilder::named("toy").add(name, content).build()));
}
std::string zeros() { return std::string(200U << 20U, '\0'); }

class BuiltWheel : public ::testing::TestWithParam<HostileCase> {};

TEST_P(BuiltWheel, IsCheckedWithoutHoldingItsFiles) {
  expect_harmless(GetParam(), ErrorKind::Step, [](const std::string& bytes) {
    const MemoryFile wheel(Bytes(as_bytes(bytes).begin(), as_bytes(bytes).end()));
    check_built_wheel(wheel, WheelBuilder::named("toy").filename(), {});
  });
}

const HostileCase kWheels[] = {
    {"LargeLibrary",
     [] {
       return wheel_with("toy.so",
                         "\x7F"
                         "ELF\2\1\1" +
                             zeros());
     },
     kHarmless},
    {"LargeData", [] { return wheel_with("toy.bin", zeros()); }, kHarmless},
    {"LargeScript", [] { return wheel_with("run", "#!/build/bin/python\n" + zeros()); }, "names the place"},
    {"PathFile", [] { return wheel_with("toy.pth", "\n\n/build/source\n"); }, "names the place"},
    {"LargeModel", [] { return wheel_with("toy/model.pth", zeros()); }, kHarmless},
};
INSTANTIATE_TEST_SUITE_P(Wheels, BuiltWheel, ::testing::ValuesIn(kWheels), hostile_name);

}  // namespace
}  // namespace mlbuild::test
