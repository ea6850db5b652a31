#include "mlbuild/audit/rules.hpp"

#include "support/source_dir.hpp"

#include "mlbuild/base/error.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

namespace mlbuild {
namespace {

std::string page() {
  std::ifstream file(test::source_dir() / "docs/audit.md");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(AuditRules, EachHasARowInTheManual) {
  const std::string text = page();
  for (const AuditRule& rule : audit_rules()) {
    EXPECT_NE(text.find("| `" + std::string(rule.id) + "` |"), std::string::npos) << rule.id;
  }
}

TEST(AuditRules, EachHasANameOfItsOwn) {
  std::set<std::string_view> ids;
  for (const AuditRule& rule : audit_rules()) EXPECT_TRUE(ids.insert(rule.id).second) << rule.id;
}

TEST(AuditRules, AWrongNameGetsTheRightOne) {
  try {
    audit_rule("mlflow-skiny");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Usage);
    EXPECT_EQ(error.hint_text(), "did you mean `mlflow-skinny`?");
  }
}

}  // namespace
}  // namespace mlbuild
