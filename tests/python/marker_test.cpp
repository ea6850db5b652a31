#include "mlbuild/python/marker.hpp"

#include "mlbuild/base/error.hpp"

#include <gtest/gtest.h>

namespace mlbuild::python {
namespace {

bool holds(std::string_view marker) { return marker_holds(marker, {"3.11.2", "x86_64", ""}); }

// Cases of the specification's own text, "Environment Markers".
TEST(Marker, ComparesVersionsAsVersions) {
  EXPECT_TRUE(holds("python_version >= '3.9'"));
  EXPECT_TRUE(holds("python_version > \"3.8\" and python_full_version < '3.11.3'"));
  EXPECT_FALSE(holds("python_version < '3.10'"));
  EXPECT_TRUE(holds("python_version ~= '3.7'"));
  EXPECT_TRUE(holds("python_version == '3.*'"));
  EXPECT_TRUE(holds("'3.10' < python_version"));
}

TEST(Marker, ComparesOtherThingsAsText) {
  EXPECT_TRUE(holds("os_name == 'posix' and sys_platform != 'win32'"));
  EXPECT_TRUE(holds("platform_machine in 'x86_64 aarch64'"));
  EXPECT_FALSE(holds("platform_machine not in 'x86_64 aarch64'"));
  EXPECT_TRUE(holds("implementation_name == 'cpython' and platform_python_implementation == 'CPython'"));
}

TEST(Marker, AndBindsTighterThanOr) {
  EXPECT_TRUE(holds("os_name == 'posix' or os_name == 'nt' and os_name == 'nt'"));
  EXPECT_FALSE(holds("(os_name == 'posix' or os_name == 'nt') and os_name == 'nt'"));
}

TEST(Marker, ExtrasAreComparedByTheirNormalNames) {
  EXPECT_FALSE(holds("extra == 'test'"));
  EXPECT_TRUE(marker_holds("extra == 'Dev_Tools'", {"3.11.2", "x86_64", "dev-tools"}));
}

TEST(Marker, AnEmptyOneHolds) { EXPECT_TRUE(holds("  ")); }

TEST(Marker, NonsenseIsRefused) {
  for (const char* text : {"python_version", "python_version >= ", "flavour == 'x'", "os_name == 'posix",
                           "(os_name == 'x'", "os_name == 'x' xor os_name == 'y'"}) {
    EXPECT_THROW(holds(text), Error) << text;
  }
  EXPECT_THROW(holds(std::string(1000, '(')), Error);
}

}  // namespace
}  // namespace mlbuild::python
