#include "mlbuild/report/check_text.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace mlbuild {
namespace {

TEST(CheckText, NamesThatAreNoUtf8AreToldInJsonToo) {
  const nlohmann::json told = nlohmann::json::parse(gpu_json({{"deb caf\xe9", "usr/lib/libx.so", {"sm_80"}, {}}}));
  EXPECT_EQ(told.at("packages").at(0).at("package"), "deb caf\xEF\xBF\xBD");
}

}  // namespace
}  // namespace mlbuild
