#include "../../src/debian/script_table.hpp"

#include "mlbuild/base/digest.hpp"
#include "mlbuild/debian/scripts.hpp"

#include <gtest/gtest.h>

#include <set>
#include <tuple>

namespace mlbuild::debian {
namespace {

TEST(ScriptTable, EveryRowReadsAndIsThereOnce) {
  std::set<std::tuple<std::string_view, std::string_view, std::string_view>> seen;
  for (const KnownScript& known : known_scripts()) {
    EXPECT_TRUE(Digest::is_hex(known.digest)) << known.package;
    EXPECT_TRUE(known.name == "preinst" || known.name == "postinst") << known.package;
    EXPECT_NO_THROW(parse_effects(known.effects)) << known.package;
    EXPECT_TRUE(seen.emplace(known.package, known.name, known.digest).second) << known.package;
  }
}

TEST(ScriptTable, NoEffectLeavesTheRootOrDeletes) {
  for (const KnownScript& known : known_scripts()) {
    for (const ScriptEffect& effect : parse_effects(known.effects)) {
      EXPECT_FALSE(effect.path.starts_with('/')) << known.package;
      EXPECT_EQ(effect.path.find(".."), std::string::npos) << known.package;
    }
  }
}

}  // namespace
}  // namespace mlbuild::debian
