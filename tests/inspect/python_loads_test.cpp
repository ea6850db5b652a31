#include "python_loads.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(PythonLoads, NamesAreWholeTextsOrLastParts) {
  const PythonLoads loads =
      loads_of("p = root / 'lib_a.so'\nq = \"lib/libb.so.1\"\nr = f'{x}libc.so'\n# libd.so\ns = 'e.sold'\n");
  EXPECT_THAT(loads.names, ElementsAre("lib_a.so", "libb.so.1"));
  EXPECT_FALSE(loads.calls);
}

TEST(PythonLoads, CallsAreThoseOfCtypesAndItsLike) {
  EXPECT_TRUE(loads_of("ctypes.cdll.LoadLibrary(p)").calls);
  EXPECT_TRUE(loads_of("CDLL(None)").calls);
  EXPECT_FALSE(loads_of("import ctypes").calls);
}

TEST(PythonLoads, OnlySourcesOfPackagesAreRead) {
  EXPECT_TRUE(may_load_libraries("usr/lib/python3/dist-packages/a.py"));
  EXPECT_FALSE(may_load_libraries("usr/lib/python3.11/ctypes/__init__.py"));
  EXPECT_FALSE(may_load_libraries("x/site-packages/a.pyi"));
}

}  // namespace
}  // namespace mlbuild
