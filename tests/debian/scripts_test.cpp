#include "mlbuild/debian/scripts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild::debian {
namespace {

using ::testing::HasSubstr;

ScriptVerdict judge(const std::string& body, std::string_view name = "postinst") {
  return judge_script("toy", name, "#!/bin/sh\nset -e\n" + body);
}

bool harmless(const std::string& body, std::string_view name = "postinst") {
  const ScriptVerdict verdict = judge(body, name);
  return verdict.known && verdict.effects.empty();
}

TEST(ScriptDigest, EditorialChangesAndArchitecturesKeepIt) {
  const std::string script = "#!/bin/sh\nset -e\n# a comment\n\n/usr/lib/x86_64-linux-gnu/tool  \n";
  const std::string edited = "#!/bin/sh\nset -e\n/usr/lib/aarch64-linux-gnu/tool\n# another\n";
  EXPECT_EQ(script_digest(script), script_digest(edited));
  EXPECT_NE(script_digest(script), script_digest(script + "rm -rf /\n"));
}

TEST(JudgeScript, ServiceAndMenuCallsDoNothingInAnImage) {
  EXPECT_TRUE(harmless("if [ \"$1\" = configure ]; then\n  ldconfig\n  update-menus || true\nfi\n"));
  EXPECT_TRUE(harmless("dpkg-maintscript-helper rm_conffile /etc/x 1.0~ -- \"$@\"\n"));
  EXPECT_TRUE(harmless("deb-systemd-helper unmask 'x.service' >/dev/null || true\nexit 0\n"));
  EXPECT_TRUE(harmless(
      "case \"$1\" in\n  configure|abort-upgrade) py3compile -p toy ;;\n  *) echo \"unknown\" >&2; exit 1 ;;\nesac\n"));
}

TEST(JudgeScript, FiltersDoNothing) {
  EXPECT_TRUE(harmless("sed -nE 's/in/out/p' /etc/x | sort -u --key=2 | uniq -f 1 | awk '{ print $1 }'\n"));
}

TEST(JudgeScript, BranchesOfUpgradesAreOutOfReach) {
  EXPECT_TRUE(harmless("if [ -n \"$2\" ]; then rm -rf /etc/toy; fi\n"));
  EXPECT_TRUE(harmless("if dpkg --compare-versions \"$2\" lt-nl 2.0; then mv /etc/a /etc/b; fi\n"));
  EXPECT_TRUE(harmless("case \"$1\" in upgrade) mv /a /b ;; esac\n", "preinst"));
  EXPECT_TRUE(harmless("[ \"$1\" = configure ] || exit 0\nif [ \"$1\" = triggered ]; then make-something; fi\n"));
  EXPECT_TRUE(harmless("exit 0\nmake-something\n"));
}

TEST(JudgeScript, BranchesOfTheFirstInstallationCount) {
  EXPECT_FALSE(judge("if [ -z \"$2\" ]; then adduser toy; fi\n").known);
  EXPECT_FALSE(judge("if dpkg --compare-versions \"$2\" lt 2.0; then mv /etc/a /etc/b; fi\n")
                   .known);  // an empty version is earlier
  EXPECT_FALSE(judge("if [ -e /etc/x ]; then :; else adduser toy; fi\n").known);
  EXPECT_FALSE(judge("command -v tool && tool --make-cache\n").known);
  EXPECT_FALSE(judge("[ -x /usr/bin/tool ] || exit 0\nadduser toy\n").known);
}

TEST(JudgeScript, NamesThePartThatItDoesNotKnow) {
  EXPECT_THAT(judge("ldconfig\nadduser --system toy\n").unknown_part, HasSubstr("adduser --system toy"));
  EXPECT_THAT(judge("echo x > /etc/toy\n").unknown_part, HasSubstr("/etc/toy"));
}

TEST(JudgeScript, NothingHidesACommand) {
  for (const char* body : {"x=$(adduser toy)\n",
                           "echo `adduser toy`\n",
                           "echo \"$(echo $(adduser toy))\"\n",
                           "(adduser toy)\n",
                           "{ adduser toy; }\n",
                           "true | adduser toy\n",
                           "! adduser toy\n",
                           "f() { adduser toy; }\nf\n",
                           "for i in a b; do adduser $i; done\n",
                           "while read x; do adduser $x; done < /etc/x\n",
                           "$TOOL toy\n",
                           "eval adduser toy\n",
                           "cat <<EOF\n$(adduser toy)\nEOF\n",
                           "true && adduser toy\n",
                           "grep -q x /etc/y || adduser toy\n",
                           "A=1 adduser toy\n",
                           "exec adduser toy\n",
                           "command adduser toy\n",
                           "( exit 0 )\nadduser toy\n",
                           "trap 'adduser toy' EXIT\n",
                           "adduser toy &\n",
                           "echo ${X:-$(adduser toy)}\n",
                           "set -- adduser toy\n\"$@\"\n",
                           "sed -i s/a/b/ /etc/x\n",
                           "sed -ri s/a/b/ /etc/x\n",
                           "sed -n -Ei.old s/a/b/ /etc/x\n",
                           "sed --in-pl=.old s/a/b/ /etc/x\n",
                           "sort -uo /etc/x /etc/y\n",
                           "sort --out=/etc/x /etc/y\n",
                           "uniq /etc/x /etc/y\n",
                           "uniq -c - /etc/y\n",
                           "uniq -- /etc/x -y\n",
                           "uniq $UNKNOWN\n"}) {
    EXPECT_FALSE(judge(body).known) << body;
  }
}

TEST(JudgeScript, OtherInterpretersAreUnknown) {
  EXPECT_FALSE(judge_script("toy", "postinst", "#!/usr/bin/perl\nexit 0;\n").known);
  EXPECT_FALSE(judge_script("toy", "postinst", "").known);
}

TEST(JudgeScript, EndlessScriptsEnd) {
  EXPECT_FALSE(judge("f() { f; }\nf\n").known);
  std::string nested;
  for (int i = 0; i < 1000; ++i) nested += "if true; then\n";
  EXPECT_FALSE(judge(nested).known);
}

TEST(JudgeScript, AlternativesWithLiteralArgumentsAreEffects) {
  const ScriptVerdict verdict = judge(
      "if [ \"$1\" = configure ]; then\n  update-alternatives --quiet --install /bin/pager pager /bin/more 50 \\\n"
      "    --slave /usr/share/man/man1/pager.1.gz pager.1.gz /usr/share/man/man1/more.1.gz\nfi\n");
  ASSERT_TRUE(verdict.known);
  ASSERT_EQ(verdict.effects.size(), 2U);
  EXPECT_EQ(verdict.effects[0].kind, ScriptEffect::Kind::Alternative);
  EXPECT_EQ(verdict.effects[0].path, "usr/bin/pager");
  EXPECT_EQ(verdict.effects[0].name, "pager");
  EXPECT_EQ(verdict.effects[0].value, "/bin/more");
  EXPECT_EQ(verdict.effects[0].priority, 50);
}

TEST(JudgeScript, AlternativesThatDependOnTheMachineAreUnknown) {
  EXPECT_FALSE(judge("update-alternatives --install /usr/bin/x x $(readlink /y) 5\n").known);
  EXPECT_FALSE(judge("update-alternatives --install /usr/bin/x ../x /y 5\n").known);
  EXPECT_FALSE(judge("update-alternatives --install /usr/bin/../../x x /y 5\n").known);
}

TEST(JudgeScript, CreatedDirectoriesAreEffects) {
  const ScriptVerdict verdict = judge("install -d \"/usr/lib/toy/modules\"\n");
  ASSERT_TRUE(verdict.known);
  EXPECT_EQ(verdict.effects, parse_effects("dir usr/lib/toy/modules 0755"));
}

TEST(MustRun, NamedPackagesAndWhateverIsNotAnswered) {
  const std::map<std::string, std::string> known{{"postinst", "#!/bin/sh\nset -e\nldconfig\n"}};
  const std::map<std::string, std::string> unknown{{"postinst", "#!/bin/sh\nmake-caches\n"}};
  EXPECT_FALSE(must_run({}, "x", unknown));
  EXPECT_TRUE(must_run({{}, {"x"}, false}, "x", known));
  EXPECT_FALSE(must_run({{}, {"x"}, false}, "y", unknown));
  EXPECT_TRUE(must_run({{}, {}, true}, "x", unknown));
  EXPECT_FALSE(must_run({{}, {}, true}, "x", known));
  EXPECT_FALSE(must_run({{"x"}, {}, true}, "x", unknown));
  EXPECT_FALSE(must_run({{}, {"x"}, true}, "x", {}));
  EXPECT_TRUE(must_run({{}, {}, true}, "libglib2.0-0", known));
}

TEST(ParseEffects, ReadsTheNotation) {
  const auto effects = parse_effects("dir var/mail 2775 8; text etc/networks a\\tb\\n; copy usr/share/x etc/x; none");
  ASSERT_EQ(effects.size(), 3U);
  EXPECT_EQ(effects[0].mode, 02775U);
  EXPECT_EQ(effects[0].gid, 8U);
  EXPECT_EQ(effects[1].value, "a\tb\n");
  EXPECT_EQ(effects[2].path, "etc/x");
  EXPECT_EQ(parse_effects("warn it goes without").front().value, "it goes without");
}

}  // namespace
}  // namespace mlbuild::debian
