// Maintainer scripts that were made to harm who only reads them. A script that is not understood is refused here with
// the part that the verdict names.

#include "support/hostile.hpp"

#include "mlbuild/debian/scripts.hpp"

namespace mlbuild::test {
namespace {

std::string script(const std::string& body) { return "#!/bin/sh\n" + body + "\n"; }

class HostileScript : public ::testing::TestWithParam<HostileCase> {};
TEST_P(HostileScript, IsHarmless) {
  expect_harmless(GetParam(), ErrorKind::Foreign, [](const std::string& text) {
    const debian::ScriptVerdict verdict = debian::judge_script("toy", "postinst", text);
    if (!verdict.known) throw Error(ErrorKind::Foreign, verdict.unknown_part);
  });
}

const HostileCase kScripts[] = {
    {"AVariableThatGrowsTenfoldWithEachLine",
     [] { return script("a=xxxxxxxxxx\n" + repeated("a=$a$a$a$a$a$a$a$a$a$a\n", 12)); }, "too much text"},
    {"ALongVariableAsManyWords",
     [] { return script("a=" + std::string(30'000, 'x') + "\n: " + repeated("$a ", 300'000)); }, "too much text"},
    {"ALongVariableAskedForOften",
     [] { return script("a=" + std::string(500'000, 'x') + "\n: " + repeated("${a+b}", 80'000)); }, kHarmless},
    {"ManyWordsInAFunctionThatIsCalledOften",
     [] { return script("f() { : " + repeated("a ", 300'000) + "; }\n" + repeated("f\n", 5'000)); }, "too much text"},
    {"ManyWordsThroughManyFunctions", [] { return script("f() { f " + repeated("a ", 500'000) + "; }\nf"); },
     "too much text"},
    {"ManyAssignmentsInAFunctionThatIsCalledOften",
     [] { return script("f() { " + repeated("a= ", 300'000) + "; }\n" + repeated("f\n", 5'000)); }, "too much text"},
    {"ManyRedirectsInAFunctionThatIsCalledOften",
     [] { return script("f() { " + repeated("<a ", 300'000) + "; }\n" + repeated("f\n", 5'000)); }, "too much text"},
    {"ManyEffectsOfAFunctionThatIsCalledOften",
     [] { return script("f() { mkdir -p " + repeated("/a ", 300'000) + "; }\n" + repeated("f\n", 5'000)); },
     "too much text"},
    {"ManyCommands", [] { return script("exit 0\n" + repeated(":;", 500'000)); }, "too many commands"},
    {"ManyCommandsInSubstitutions",
     [] { return script(": " + repeated("$(exit;" + repeated("a;", 10'000) + ") ", 50)); }, "too many commands"},
    {"SubstitutionsInSubstitutionsAroundALongWord",
     [] { return script(repeated(": $( ", 6'000) + std::string(1'000'000, 'x') + repeated(" )", 6'000)); },
     "too much text"},
    {"SubstitutionsAllTheWayDown", [] { return script(repeated(": $( ", 1'000) + ":" + repeated(" )", 1'000)); },
     "too deeply nested"},
    {"QuotedSubstitutionsAllTheWayDown", [] { return script(repeated("\"$(", 340'000)); }, "too deeply nested"},
    {"QuotedParametersAllTheWayDown", [] { return script(repeated("\"${a:-", 170'000)); }, "too deeply nested"},
    {"GroupsAllTheWayDown", [] { return script(repeated("(", 1'000'000)); }, "too deeply nested"},
    {"FunctionsOfFunctionsAllTheWayDown", [] { return script(repeated("a()", 340'000)); }, "function without body"},
    {"AHundredFunctionsThatCallTheNext",
     [] {
       std::string text;
       for (int i = 0; i < 100; ++i) text += "f" + std::to_string(i) + "() { f" + std::to_string(i + 1) + "; }\n";
       return script(text + "f0");
     },
     "recursion"},
    {"ATestThatIsNegatedHundredsOfThousandsOfTimes", [] { return script("[ " + repeated("! ", 300'000) + "x ]"); },
     kHarmless},
    {"ABackquoteOfBackslashes", [] { return script(": `: " + std::string(1'000'000, '\\') + "`"); }, kHarmless},
    {"AnUnknownCommandOfAMegabyte", [] { return script(std::string(1'000'000, 'x')); }, "xxx..."},
    {"AnUnknownProgramOfAMegabyte", [] { return script("$" + std::string(1'000'000, 'x')); }, "runs"},
    {"AnArchitectureForEachWordOfSixteenMegabytes", [] { return script(repeated(":amd64", 2'700'000)); },
     "larger than"},
    {"AnArchitectureForEachWordOfAMegabyte", [] { return script(": " + repeated(":amd64", 170'000)); }, kHarmless},
};
INSTANTIATE_TEST_SUITE_P(Bodies, HostileScript, ::testing::ValuesIn(kScripts), hostile_name);

}  // namespace
}  // namespace mlbuild::test
