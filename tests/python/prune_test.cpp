#include "mlbuild/python/prune.hpp"

#include <gtest/gtest.h>

namespace mlbuild::python {
namespace {

TEST(PruneKind, GoesByDirectoryAndEnding) {
  EXPECT_EQ(prune_kind_of("scipy/stats/tests/test_a.py"), PruneKind::Tests);
  EXPECT_EQ(prune_kind_of("pandas/tests/data/a.csv"), PruneKind::Tests);
  EXPECT_EQ(prune_kind_of("numpy/__init__.pyi"), PruneKind::TypeStubs);
  EXPECT_EQ(prune_kind_of("numpy/_core/include/numpy/arrayobject.h"), PruneKind::Headers);
  EXPECT_EQ(prune_kind_of("scipy/linalg/cython_blas.pxd"), PruneKind::Headers);
  EXPECT_EQ(prune_kind_of("numpy/_core/lib/libnpymath.a"), PruneKind::StaticLibraries);
  EXPECT_EQ(prune_kind_of("aiohttp/_http_parser.pyx"), PruneKind::Sources);
  EXPECT_EQ(prune_kind_of("bokeh/server/static/js/bokeh.js.map"), PruneKind::Documentation);
  EXPECT_EQ(prune_kind_of("pkg/docs/index.rst"), PruneKind::Documentation);
}

TEST(PruneKind, WhatProgramsNeedIsOfNoKind) {
  EXPECT_EQ(prune_kind_of("numpy/testing/__init__.py"), std::nullopt);
  EXPECT_EQ(prune_kind_of("botocore/docs/client.py"), std::nullopt);  // imported by botocore itself
  EXPECT_EQ(prune_kind_of("pkg-1.0.dist-info/METADATA"), std::nullopt);
  EXPECT_EQ(prune_kind_of("pkg-1.0.dist-info/licenses/docs/LICENSE.rst"), std::nullopt);
  EXPECT_EQ(prune_kind_of("pkg/docs/LICENSE"), std::nullopt);
  EXPECT_EQ(prune_kind_of("pkg/py.typed"), std::nullopt);
}

TEST(PrunePolicy, ExceptionsAreProjectsOrPaths) {
  PrunePolicy policy;
  policy.kinds[static_cast<std::size_t>(PruneKind::Tests)] = true;
  policy.keep = {"NumPy", "scipy/stats"};
  EXPECT_FALSE(policy.drops("numpy", "numpy/tests/test_a.py"));
  EXPECT_FALSE(policy.drops("scipy", "scipy/stats/tests/test_a.py"));
  EXPECT_TRUE(policy.drops("scipy", "scipy/stats2/tests/test_a.py"));
  EXPECT_FALSE(policy.drops("scipy", "scipy/a.pyi"));
}

TEST(PrunePolicy, IsNoPartOfAKeyUnlessItDropsSomething) {
  PrunePolicy policy;
  policy.keep = {"numpy"};
  EXPECT_EQ(policy.canonical(), "");
  policy.kinds[0] = policy.kinds[2] = true;
  EXPECT_EQ(policy.canonical(), "tests headers, keep numpy");
}

}  // namespace
}  // namespace mlbuild::python
