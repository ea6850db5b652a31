// The texts of a wheel that were made to harm: METADATA, WHEEL, RECORD (GHSA-pjjw-68hj-v9mw: rows that name other
// people's files), entry_points.txt (GHSA-4gg8-gxpx-9rph), markers, versions, file names; and bytecode.

#include "support/hostile.hpp"
#include "support/pyc_builder.hpp"

#include "mlbuild/python/marker.hpp"
#include "mlbuild/python/names.hpp"
#include "mlbuild/python/pyc.hpp"
#include "mlbuild/python/version.hpp"
#include "mlbuild/python/wheel.hpp"

namespace mlbuild::test {
namespace {

const std::string kMetadata = "Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n";
const std::string kWheel = "Wheel-Version: 1.0\nTag: py3-none-any\n";

std::string script(const std::string& line) { return "[console_scripts]\n" + line + "\n"; }

class HostileMetadata : public ::testing::TestWithParam<HostileCase> {};
TEST_P(HostileMetadata, IsHarmless) {
  expect_harmless(GetParam(), ErrorKind::Foreign, [](const std::string& text) { python::Metadata::parse(text); });
}

const HostileCase kMetadataCases[] = {
    {"Nothing", [] { return std::string(); }, "Name"},
    {"WithoutName", [] { return std::string("Metadata-Version: 2.1\nVersion: 1\n"); }, "Name"},
    {"WithoutVersion", [] { return std::string("Metadata-Version: 2.1\nName: toy\n"); }, "Version"},
    {"NameTwice", [] { return kMetadata + "Name: other\n"; }, "two fields"},
    {"VersionTwice", [] { return kMetadata + "Version: 2\n"; }, "two fields"},
    {"NameThatIsAPath", [] { return std::string("Name: ../../evil\nVersion: 1\n"); }, "malformed Name"},
    {"NameWithANul", [] { return std::string("Name: a\0b\nVersion: 1\n", 21); }, "malformed Name"},
    {"NameOfAnotherAlphabet", [] { return std::string("Name: t\xD0\xBEy\nVersion: 1\n"); }, "malformed Name"},
    {"BeginsWithAContinuation", [] { return " evil\n" + kMetadata; }, "continuation"},
    {"LineThatIsNoField", [] { return "evil\n" + kMetadata; }, "METADATA"},
    {"FieldsInTheDescriptionAreText", [] { return kMetadata + "\nName: other\n"; }, kHarmless},
    {"AMillionFields", [] { return kMetadata + repeated("Classifier: a\n", 1'000'000); }, "too many fields"},
    {"ALineOf20MegabytesTakesNoTime", [] { return kMetadata + "Summary: " + std::string(20'000'000, 's') + "\n"; },
     kHarmless},
    {"ContinuationsTakeNoTime", [] { return kMetadata + "License: a\n" + repeated(" b\n", 200'000); }, kHarmless},
};
INSTANTIATE_TEST_SUITE_P(Fields, HostileMetadata, ::testing::ValuesIn(kMetadataCases), hostile_name);

class HostileWheelFile : public ::testing::TestWithParam<HostileCase> {};
TEST_P(HostileWheelFile, IsHarmless) {
  expect_harmless(GetParam(), ErrorKind::Foreign, [](const std::string& text) { python::WheelFile::parse(text); });
}

const HostileCase kWheelFileCases[] = {
    {"WithoutVersion", [] { return std::string("Tag: py3-none-any\n"); }, "Wheel-Version"},
    {"TwoVersions", [] { return kWheel + "Wheel-Version: 2.0\n"; }, "two fields"},
    {"TwoRoots", [] { return kWheel + "Root-Is-Purelib: true\nRoot-Is-Purelib: false\n"; }, "two fields"},
    {"AMillionTags", [] { return kWheel + repeated("Tag: py3-none-any\n", 1'000'000); }, "too many fields"},
};
INSTANTIATE_TEST_SUITE_P(Fields, HostileWheelFile, ::testing::ValuesIn(kWheelFileCases), hostile_name);

class HostileRecord : public ::testing::TestWithParam<HostileCase> {};
TEST_P(HostileRecord, IsHarmless) {
  expect_harmless(GetParam(), ErrorKind::Foreign, [](const std::string& text) { python::parse_record(text); });
}

const HostileCase kRecordCases[] = {
    {"QuoteThatIsNeverClosed", [] { return std::string("\"a.py,,\n"); }, "RECORD"},
    {"TextBehindAQuote", [] { return std::string("\"a\"b,,\n"); }, "RECORD"},
    {"QuoteWithinAField", [] { return std::string("a\"b,,\n"); }, "RECORD"},
    {"TwoFields", [] { return std::string("a.py,\n"); }, "RECORD"},
    {"FourFields", [] { return std::string("a.py,,,\n"); }, "RECORD"},
    {"PathIsEmpty", [] { return std::string(",,\n"); }, "path is empty"},
    {"SizeIsNegative", [] { return std::string("a.py,,-1\n"); }, "size is no number"},
    {"SizeIsBeyond64Bits", [] { return std::string("a.py,,18446744073709551616\n"); }, "size is no number"},
    {"SizeIsHexadecimal", [] { return std::string("a.py,,0x10\n"); }, "size is no number"},
    {"HashWithoutAlgorithm", [] { return std::string("a.py,=abc,\n"); }, "hash"},
    {"HashWithoutValue", [] { return std::string("a.py,sha256,\n"); }, "hash"},
    {"AMillionRows", [] { return repeated("a,,\n", 1'100'000); }, "too many rows"},
    {"AFieldOf20MegabytesTakesNoTime", [] { return "\"" + std::string(20'000'000, 'a') + "\",,\n"; }, kHarmless},
};
INSTANTIATE_TEST_SUITE_P(Rows, HostileRecord, ::testing::ValuesIn(kRecordCases), hostile_name);

class HostileEntryPoint : public ::testing::TestWithParam<HostileCase> {};
TEST_P(HostileEntryPoint, IsHarmless) {
  expect_harmless(GetParam(), ErrorKind::Foreign, [](const std::string& text) {
    for (const python::EntryPoint& entry : python::parse_entry_points(text)) {
      EXPECT_EQ(entry.name.find('/'), std::string::npos);
      python::entry_point_script(entry, "/bin/python");
    }
  });
}

const HostileCase kEntryPoints[] = {
    {"NameLeadsUp", [] { return script("../evil = toy:main"); }, "plain file name"},
    {"NameIsAbsolute", [] { return script("/usr/bin/python3 = toy:main"); }, "plain file name"},
    {"NameIsADot", [] { return script(". = toy:main"); }, "plain file name"},
    {"NameIsTwoDots", [] { return script(".. = toy:main"); }, "plain file name"},
    {"NameIsEmpty", [] { return script(" = toy:main"); }, "plain file name"},
    {"NameHasABackslash", [] { return script("a\\b = toy:main"); }, "plain file name"},
    {"NameHasANul", [] { return script(std::string("a\0b = toy:main", 14)); }, "plain file name"},
    {"NameIsAWhiteout", [] { return script(".wh.python3 = toy:main"); }, "plain file name"},
    {"ModuleIsCode", [] { return script("run = os;os.system('evil'):main"); }, "malformed"},
    {"CallableIsCode", [] { return script("run = toy:main() or evil"); }, "malformed"},
    {"CallableWithALineEnd", [] { return script("run = toy:main\r\rimport evil"); }, "malformed"},
    {"WithoutCallable", [] { return script("run = toy"); }, "callable"},
    {"SectionThatIsNotClosed", [] { return std::string("[console_scripts\nrun = toy:main\n"); }, "unclosed"},
    {"ManyScriptsOfOneNameTakeNoTime", [] { return script(repeated("a = b:c\n", 100'000)); }, kHarmless},
};
INSTANTIATE_TEST_SUITE_P(Scripts, HostileEntryPoint, ::testing::ValuesIn(kEntryPoints), hostile_name);

class HostileMarker : public ::testing::TestWithParam<HostileCase> {};
TEST_P(HostileMarker, IsHarmless) {
  expect_harmless(GetParam(), ErrorKind::Foreign, [](const std::string& text) {
    python::marker_holds(text, {"3.11.2", "x86_64", ""});
  });
}

const HostileCase kMarkers[] = {
    {"DeepParentheses", [] { return std::string(1'000'000, '('); }, "no environment marker"},
    {"DeepAndClosed", [] { return std::string(5000, '(') + "os_name=='posix'" + std::string(5000, ')'); },
     "no environment marker"},
    {"CallsAFunction", [] { return std::string("__import__('os')"); }, "no environment marker"},
    {"QuoteThatIsNeverClosed", [] { return std::string("os_name == 'posix"); }, "no environment marker"},
    {"UnknownVariable", [] { return std::string("evil == '1'"); }, "no environment marker"},
    {"ManyClausesTakeNoTime", [] { return "os_name=='a'" + repeated(" or os_name=='a'", 20'000); }, kHarmless},
};
INSTANTIATE_TEST_SUITE_P(Markers, HostileMarker, ::testing::ValuesIn(kMarkers), hostile_name);

class HostileSpecifier : public ::testing::TestWithParam<HostileCase> {};
TEST_P(HostileSpecifier, IsHarmless) {
  expect_harmless(GetParam(), ErrorKind::Foreign,
                  [](const std::string& text) { python::satisfies(python::Version::parse("1.0").value(), text); });
}

const HostileCase kSpecifiers[] = {
    {"NoOperator", [] { return std::string("1.0"); }, "no version specifier"},
    {"NumberBeyondAllBits", [] { return ">=" + std::string(400, '9'); }, "no version"},
    {"AMillionNumbers", [] { return ">=1" + repeated(".1", 1'000'000); }, "no version"},
    {"AMillionClauses", [] { return ">=1" + repeated(",>=1", 1'000'000); }, "too many clauses"},
    {"ShellInIt", [] { return std::string(">=1;$(evil)"); }, "no version"},
};
INSTANTIATE_TEST_SUITE_P(Specifiers, HostileSpecifier, ::testing::ValuesIn(kSpecifiers), hostile_name);

class HostileWheelName : public ::testing::TestWithParam<HostileCase> {};
TEST_P(HostileWheelName, IsHarmless) {
  expect_harmless(GetParam(), ErrorKind::Foreign, [](const std::string& text) { python::WheelFilename::parse(text); });
}

const HostileCase kWheelNames[] = {
    {"LeadsUp", [] { return std::string("../toy-1.0-py3-none-any.whl"); }, "wheel"},
    {"IsAbsolute", [] { return std::string("/tmp/toy-1.0-py3-none-any.whl"); }, "wheel"},
    {"HasANul", [] { return std::string("toy-1.0-py3-none-any.whl\0.whl", 29); }, "wheel"},
    {"HasALineEnd", [] { return std::string("toy-1.0\n-py3-none-any.whl"); }, "wheel"},
    {"HasTooFewParts", [] { return std::string("toy-1.0-any.whl"); }, "wheel"},
    {"HasTooManyParts", [] { return "toy-1.0-" + repeated("1-", 1000) + "py3-none-any.whl"; }, "wheel"},
    {"AMillionTags", [] { return "toy-1.0-" + repeated("py3.", 100'000) + "py3-none-any.whl"; }, "wheel"},
};
INSTANTIATE_TEST_SUITE_P(Names, HostileWheelName, ::testing::ValuesIn(kWheelNames), hostile_name);

using namespace pyc;

class HostilePyc : public ::testing::TestWithParam<HostileCase> {};
TEST_P(HostilePyc, IsHarmless) {
  expect_harmless(GetParam(), ErrorKind::Foreign, [](const std::string& bytes) {
    python::canonical_pyc(as_bytes(bytes), python::pyc_format("3.11").value());
  });
}

const HostileCase kPycs[] = {
    {"Nothing", [] { return std::string(); }, "bytecode"},
    {"HeaderOnly", [] { return pyc_of(""); }, "ends early"},
    {"TupleOfTwoBillion", [] { return pyc_of(code({"(" + u32(0x7fffffff)})); }, "ends early"},
    {"TextOfFourBillion", [] { return pyc_of(code({"u" + u32(0xffffffff)})); }, "ends early"},
    {"NumberOfTheSmallestSize", [] { return pyc_of(code({"l" + u32(0x80000000)})); }, "ends early"},
    {"SetOfTwoBillion", [] { return pyc_of(code({">" + u32(0x7fffffff)})); }, "ends early"},
    {"ReferenceToNothing", [] { return pyc_of(code({"r" + u32(9)})); }, "does not have"},
    {"ReferenceOfAllOnes", [] { return pyc_of(code({"r" + u32(0xffffffff)})); }, "does not have"},
    {"ObjectInsideOfItself", [] { return pyc_of(code({"r" + u32(0)}, tuple({}), kRef)); }, "contains itself"},
    {"Deep", [] { return pyc_of(code({repeated(std::string(")\1", 2), 1'000'000) + "N"})); }, "nested too deeply"},
    {"UnknownType", [] { return pyc_of(code({"?"})); }, "type 0x3f"},
    {"BytesBehindTheCode", [] { return pyc_of(code({"N"})) + "evil"; }, "behind the code"},
    {"NoCode", [] { return pyc_of("N"); }, "no code object"},
    {"NamesThatAreNumbers", [] { return pyc_of(code({"N"}, tuple({"i" + u32(1)}))); }, "no string"},
    {"OfAnotherPython", [] { return "\x55" + pyc_of(code({"N"})).substr(1); }, "bytecode"},
    {"CheckedByTime", [] { return pyc_of(code({"N"})).replace(4, 4, u32(0)); }, "bytecode"},
    {"DoublingByReference",
     [] {
       std::vector<std::string> levels{tuple({"N"}, kRef)};
       for (std::uint32_t i = 0; i < 60; ++i) levels.push_back(tuple({"r" + u32(i), "r" + u32(i)}, kRef));
       return pyc_of(code(levels));
     },
     kHarmless},
    {"SetsOfDoubledThings",
     [] {
       std::vector<std::string> levels{tuple({"N"}, kRef)};
       for (std::uint32_t i = 0; i < 60; ++i) levels.push_back(tuple({"r" + u32(i), "r" + u32(i)}, kRef));
       levels.push_back(frozen_set({"r" + u32(60)}));
       return pyc_of(code(levels));
     },
     "too large"},
    {"ManySetsOfOneLargeThing",
     [] {
       std::vector<std::string> objects{tuple({"N"}, kRef)};
       for (std::uint32_t i = 0; i < 14; ++i) objects.push_back(tuple({"r" + u32(i), "r" + u32(i)}, kRef));
       for (std::uint32_t i = 0; i < 1000; ++i) objects.push_back(frozen_set({"r" + u32(14), "i" + u32(i)}));
       return pyc_of(code({tuple(objects)}));
     },
     "too large"},
};
INSTANTIATE_TEST_SUITE_P(Objects, HostilePyc, ::testing::ValuesIn(kPycs), hostile_name);

}  // namespace
}  // namespace mlbuild::test
