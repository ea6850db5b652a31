// Specs that were made to harm: YAML's own ways to explode, text that looks like another (CVE-2021-42574), paths and
// configuration that lead out (CVE-2024-21626).

#include "../../src/spec/parse_spec.hpp"
#include "support/hostile.hpp"

#include "mlbuild/spec/spec.hpp"

#include <fmt/format.h>

namespace mlbuild::test {
namespace {

/// Every name beside the spec is an empty file.
class EmptyFiles final : public spec::SpecDirectory {
 public:
  Kind look_up(const std::string&) const override { return Kind::File; }
  std::string read_text(const std::string&, std::uint64_t) const override { return {}; }
  std::vector<std::string> names_in(const std::string&) const override { return {}; }
};

const std::string kGood = "version: 1\nname: toy\n";

/// Nine levels of nine references each.
std::string billion_laughs() {
  std::string text = "a0: &a0 lol\n";
  for (int i = 1; i < 10; ++i) {
    text += fmt::format("a{}: &a{} [{}]\n", i, i, repeated(fmt::format("*a{},", i - 1), 9));
  }
  return text;
}

class HostileSpec : public ::testing::TestWithParam<HostileCase> {};
TEST_P(HostileSpec, IsHarmless) {
  expect_harmless(GetParam(), ErrorKind::Spec,
                  [](const std::string& text) { spec::parse_spec_text(text, "mlbuild.yaml", EmptyFiles()); });
}

const HostileCase kSpecs[] = {
    {"BillionLaughs", [] { return kGood + billion_laughs(); }, "more than"},
    {"MergeKeysThatExplode", [] { return kGood + "a: &a {x: 1}\nb: {<<: [" + repeated("*a,", 50'000) + "]}\n"; },
     "more than"},
    {"AliasInsideItsAnchor", [] { return kGood + "a: &a [*a]\n"; }, "alias"},
    {"DeepLists", [] { return kGood + "a: " + std::string(100'000, '['); }, "nested deeper"},
    {"DeepMappings", [] { return kGood + "a: " + repeated("{a: ", 100'000); }, "nested deeper"},
    {"DeepIndentation",
     [] {
       std::string text = kGood;
       for (std::size_t i = 0; i < 500; ++i) text += std::string(i, ' ') + "a:\n";
       return text;
     },
     "nested deeper"},
    {"DeepDashes", [] { return kGood + "a:\n" + repeated("- ", 20'000) + "x\n"; }, "nested deeper"},
    {"PythonObject", [] { return kGood + "a: !!python/object/apply:os.system [evil]\n"; }, "tag"},
    {"BinaryTag", [] { return kGood + "a: !!binary aGVsbG8=\n"; }, "tag"},
    {"TwoDocuments", [] { return kGood + "---\nname: evil\n"; }, "more than one YAML document"},
    {"KeyTwice", [] { return kGood + "name: evil\n"; }, "twice"},
    {"RightToLeftOverride", [] { return std::string("version: 1\nname: to\xE2\x80\xAEy\n"); }, "direction of text"},
    {"ZeroWidthSpace", [] { return std::string("version: 1\nname: to\xE2\x80\x8By\n"); }, "cannot be"},
    {"NulByte", [] { return kGood + std::string("a: \0b\n", 6); }, "control character"},
    {"NoUtf8", [] { return kGood + "a: \xFF\n"; }, "UTF-8"},
    {"ListsAsKeys", [] { return kGood + "? [a, b]\n: c\n"; }, "key"},
    {"EndlessLine", [] { return kGood + "a: " + std::string(5'000'000, 'a') + "\n"; }, "unknown key"},
    {"EndlessQuote", [] { return kGood + "a: \"" + std::string(500'000, 'a'); }, "illegal EOF"},
    {"AMillionValues", [] { return kGood + "a: [" + repeated("1,", 1'000'000) + "]\n"; }, "more than"},
    {"NameIsAPath", [] { return std::string("version: 1\nname: ../../evil\n"); }, "name"},
    {"WorkingDirectoryInProc", [] { return kGood + "config: {workdir: /proc/self/fd/8}\n"; }, "/proc"},
    {"WorkingDirectoryLeadsUp", [] { return kGood + "config: {workdir: /app/../../etc}\n"; }, "workdir"},
    {"UserThatOverflowsToRoot", [] { return kGood + "config: {user: 4294967296}\n"; }, "user"},
    {"UserIsAShell", [] { return kGood + "config: {user: \"$(id)\"}\n"; }, "user"},
    {"EnvironmentNameWithAnEqualsSign", [] { return kGood + "config: {env: {\"A=B\": x}}\n"; }, "env"},
    {"CopyOfWhatIsAbove", [] { return kGood + "app: [{from: ../../etc, to: /app}]\n"; }, "leaves the directory"},
    {"CopyOfAnAbsolutePath", [] { return kGood + "app: [{from: /etc/shadow, to: /app}]\n"; }, "absolute path"},
    {"RequirementsAbove", [] { return kGood + "requirements: {runtime: ../../etc/passwd}\n"; }, "leaves the directory"},
    {"PackageNameIsAnOption",
     [] { return kGood + "requirements: {runtime: [\"--index-url=https://evil.example\"]}\n"; }, "project's name"},
    {"SystemPackageIsAnOption", [] { return kGood + "system: {runtime: [\"-o=APT::Evil\"]}\n"; },
     "no name of a Debian package"},
};
INSTANTIATE_TEST_SUITE_P(Specs, HostileSpec, ::testing::ValuesIn(kSpecs), hostile_name);

}  // namespace
}  // namespace mlbuild::test
