#include "image_builder.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace mlbuild {
namespace {

constexpr std::uint64_t kMega = 1'000'000;
const std::string kSite = ImageBuilder::kSite;

/// One rule with an image that it speaks of, and one, as near to it as may be, that it has nothing to say about.
struct RuleCase {
  std::string rule;
  std::function<ImageBuilder()> bad, good;
  std::uint64_t plain_bytes = 0;  ///< that it says are saved; 0: none are told
  friend void PrintTo(const RuleCase& value, std::ostream* out) { *out << value.rule; }
};

std::vector<RuleCase> cases() {
  const std::string bundled = "x.libs/libgfortran-040039e1.so.5.0.0", other = "y.libs/libgfortran-040039e1.so.5.0.0";
  return {
      {"mlflow-skinny",
       [] {
         return ImageBuilder()
             .wheel("mlflow", 90, {"pyarrow", "numpy"})
             .wheel("pyarrow", 50)
             .wheel("numpy", 7)
             .wheel("sklearn", 9, {"numpy"})
             .alternative("mlflow-skinny", 20);
       },
       [] { return ImageBuilder().wheel("mlflow-skinny", 20).wheel("pyarrow", 50); }, 120},
      {"opencv-headless",
       [] { return ImageBuilder().wheel("opencv-python", 90).alternative("opencv-python-headless", 60); },
       [] { return ImageBuilder().wheel("ultralytics", 5, {"opencv-python"}).wheel("opencv-python", 90); }, 30},
      {"psycopg2-binary", [] { return ImageBuilder().wheel("psycopg2", 3); },
       [] { return ImageBuilder().wheel("psycopg2-binary", 9); }},
      {"tensorflow-cpu", [] { return ImageBuilder().wheel("tensorflow", 900).alternative("tensorflow-cpu", 500); },
       [] {
         return ImageBuilder()
             .wheel("tensorflow", 900)
             .alternative("tensorflow-cpu", 500)
             .env("NVIDIA_VISIBLE_DEVICES=all");
       },
       400},
      {"cuda-in-cpu-image",
       [] {
         return ImageBuilder()
             .wheel("torch", 100, {"nvidia-cublas-cu12", "triton; platform_system == \"Linux\"", "sympy"},
                    {{"torch/lib/libtorch_cuda.so", 800}, {"torch/lib/libtorch_cpu.so", 300}})
             .wheel("nvidia-cublas-cu12", 600)
             .wheel("triton", 160)
             .wheel("sympy", 6);
       },
       [] {
         return ImageBuilder()
             .wheel("torch", 100, {"nvidia-cublas-cu12"})
             .wheel("nvidia-cublas-cu12", 600)
             .env("NVIDIA_VISIBLE_DEVICES=all");
       },
       1560},
      {"nvidia-twice",
       [] {
         return ImageBuilder()
             .env("NVIDIA_VISIBLE_DEVICES=all")
             .wheel("nvidia-cublas-cu12", 1, {}, {{"nvidia/cublas/lib/libcublas.so.12", 600}})
             .file("usr/local/cuda-12.1/lib64/libcublas.so.12.1.3.1", 590)
             .file("usr/local/cuda-12.1/lib64/libnpp.so.12", 5);
       },
       [] { return ImageBuilder().wheel("cupy", 8).file("usr/local/cuda-12.1/lib64/libcublas.so.12.1.3.1", 590); },
       590},
      {"devel-base",
       [] { return ImageBuilder().deb("libssl-dev", 700, "libssl3").deb("libssl3", 80).deb("bash", 9, "libssl3"); },
       [] { return ImageBuilder().deb("libssl3", 80).file("usr/local/include/python3.11/Python.h", kMega); }, 700},
      {"compilers",
       [] {
         return ImageBuilder()
             .deb("build-essential", 1, "gcc")
             .deb("gcc", 2, "gcc-12")
             .deb("gcc-12", 400, "libisl23, libc6")
             .deb("libisl23", 30)
             .deb("libc6", 9)
             .deb("bash", 5, "libc6");
       },
       [] { return ImageBuilder().deb("gcc-12-base", 1).deb("libgcc-s1", 5, "gcc-12-base"); }, 433},
      {"notebook-tools",
       [] {
         return ImageBuilder()
             .wheel("jupyterlab", 40, {"jinja2", "babel"})
             .wheel("babel", 30)
             .wheel("jinja2", 3)
             .wheel("flask", 2, {"jinja2"});
       },
       [] { return ImageBuilder().wheel("voila-like", 5, {"ipykernel"}).wheel("ipykernel", 30); }, 70},
      {"plotting-tools", [] { return ImageBuilder().wheel("plotly", 60); },
       [] { return ImageBuilder().wheel("shap", 4, {"matplotlib"}).wheel("matplotlib", 60); }, 60},
      {"test-tools", [] { return ImageBuilder().wheel("pytest", 4, {"pluggy"}).wheel("pluggy", 1); },
       [] { return ImageBuilder().wheel("pytester", 4); }, 5},
      {"abandoned-caches", [] { return ImageBuilder().file("root/.cache/pip/http/a", 5 * kMega); },
       [] { return ImageBuilder().file("app/cache/a", 5 * kMega).file("root/.cache/a", 10); }, 5 * kMega},
      {"hidden-bytes", [] { return ImageBuilder().file("tmp/big", 9 * kMega).layer().file("tmp/.wh.big", 0); },
       [] { return ImageBuilder().file("opt/big", 9 * kMega).layer().file("opt/other", 1); }, 9 * kMega},
      {"app-clutter",
       [] { return ImageBuilder().file("app/.git/pack", 30).file("app/main.py", 5).file("app/data/t.csv", 4 * kMega); },
       [] {
         return ImageBuilder().file("app/main.py", 5).file("app/small.csv", 50).file("usr/share/x.csv", 4 * kMega);
       },
       4 * kMega + 30},
      {"bundled-twice",
       [=] {
         return ImageBuilder().wheel("x", 1, {}, {{bundled, 70}}).wheel("y", 1, {}, {{other, 70}});
       },
       [=] {
         return ImageBuilder().wheel("x", 1, {}, {{bundled, 70}}).wheel("y", 1, {}, {{"y/libgfortran.so", 70}});
       }},
      {"library-versions",
       [=] {
         return ImageBuilder()
             .wheel("x", 1, {}, {{bundled, 70}})
             .wheel("y", 1, {}, {{"y.libs/libgfortran-91cc3cb1.so.3", 50}});
       },
       [=] {
         return ImageBuilder().wheel("x", 1, {}, {{bundled, 70}, {"x.libs/libgfortran-91cc3cb1.so.3", 50}});
       }},
      {"prune",
       [] {
         return ImageBuilder().wheel("scipy", 9, {}, {{"scipy/stats/tests/test_a.py", kMega}});
       },
       [] {
         return ImageBuilder().wheel("scipy", 9, {}, {{"scipy/stats/testing/a.py", kMega}});
       },
       kMega},
  };
}

class ImageRule : public ::testing::TestWithParam<RuleCase> {};

TEST_P(ImageRule, FiresWithWhatItSaves) {
  const std::optional<Finding> finding = GetParam().bad().finding(GetParam().rule);
  ASSERT_TRUE(finding);
  EXPECT_FALSE(finding->evidence.empty());
  EXPECT_FALSE(finding->way_out.empty());
  if (GetParam().plain_bytes > 0) {
    EXPECT_EQ(finding->saves.plain_bytes, GetParam().plain_bytes);
  }
}

TEST_P(ImageRule, SaysNothingOfWhatIsFine) { EXPECT_FALSE(GetParam().good().finding(GetParam().rule)); }

INSTANTIATE_TEST_SUITE_P(AuditImage, ImageRule, ::testing::ValuesIn(cases()), [](const auto& one) {
  std::string name = one.param.rule;
  std::ranges::replace(name, '-', '_');
  return name;
});

TEST(AuditImage, TheTotalHasEachByteOnce) {
  // Both need pyarrow: either alone saves nothing of it, both together do; pyarrow's tests are pruned with it.
  ImageBuilder image;
  image.wheel("plotly", 60, {"pyarrow"}).wheel("jupyterlab", 40, {"pyarrow"}).wheel("pyarrow", 500);
  EXPECT_EQ(image.finding("plotting-tools")->saves.plain_bytes, 60U);
  EXPECT_EQ(image.audit().total.plain_bytes, 600U);
}

TEST(AuditImage, WhatAPersonAskedForStaysThoughOthersNeedIt) {
  ImageBuilder image;
  image.wheel("jupyterlab", 40, {"jinja2"}).wheel("jinja2", 3, {}, {{"jinja2-1.0.dist-info/REQUESTED", 0}});
  EXPECT_EQ(image.finding("notebook-tools")->saves.plain_bytes, 40U);
}

TEST(AuditImage, NobodyAskedForWhatCarriesSomethingThatWasAskedForElsewhere) {
  ImageBuilder image;
  const std::string vendored = "jinja2/_vendor/wheel-0.45.dist-info/";
  image.wheel("jupyterlab", 40, {"jinja2"}).wheel("jinja2", 3, {}, {{vendored + "REQUESTED", 0}});
  EXPECT_EQ(image.finding("notebook-tools")->saves.plain_bytes, 43U);
}

TEST(AuditImage, BytecodeGoesWithItsPackage) {
  ImageBuilder image;
  image.wheel("plotly", 60).file(kSite + "plotly/__pycache__/__init__.cpython-311.pyc", 7);
  EXPECT_EQ(image.finding("plotting-tools")->saves.plain_bytes, 67U);
}

TEST(AuditImage, AnEmptyImageHasNothingToSave) {
  const AuditResult result = ImageBuilder().audit();
  EXPECT_TRUE(result.findings.empty());
  EXPECT_FALSE(result.total.known());
}

}  // namespace
}  // namespace mlbuild
