#include "mlbuild/run/cuda.hpp"

#include "mlbuild/base/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

class Warnings final : public EventSink {
 public:
  void on(const Event& event) override { texts.push_back(std::get<WarningRaised>(event).text); }
  std::vector<std::string> texts;
};

LockedImage locked(const std::vector<std::pair<std::string, std::string>>& wheels) {
  LockedImage image;
  for (const auto& [name, version] : wheels) {
    LockedFile file;
    file.name = name;
    file.version = version;
    image.wheels.push_back(file);
  }
  return image;
}

SpecVariant wanting(const std::string& cuda) {
  SpecVariant variant;
  variant.gpu.cuda = Located<std::string>{cuda, {"mlbuild.yaml", 7, 9, 4}};
  return variant;
}

const LockedImage kTorch = locked({{"numpy", "1.26.4"},
                                   {"nvidia-cublas-cu12", "12.1.3.1"},
                                   {"nvidia-cuda-runtime-cu12", "12.1.105"},
                                   {"torch", "2.3.1"}});

LockedImage on_nvidia_base(LockedImage image) {
  image.base_image.emplace();
  image.base_image->config.env = {"NVIDIA_VISIBLE_DEVICES=all", "NVIDIA_REQUIRE_CUDA=cuda>=12.2 brand=tesla",
                                  "CUDA_VERSION=12.2.0"};
  image.base_image->debian.packages = {{"libcublas-12-2", "12.2.1"}, {"libc6", "2.36"}};
  return image;
}

TEST(Cuda, IsFoundByNamesAndVersions) {
  const auto found = locked_cuda(kTorch);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].major, 12U);
  EXPECT_EQ(found[0].minor, 1U);
  EXPECT_THAT(found[0].wheels, ElementsAre("nvidia-cublas-cu12 12.1.3.1", "nvidia-cuda-runtime-cu12 12.1.105"));
  EXPECT_EQ(locked_cuda(locked({{"torch", "2.3.1+cu118"}})).at(0).major, 11U);
  EXPECT_EQ(locked_cuda(locked({{"cupy-cuda12x", "13.0"}})).at(0).major, 12U);
  EXPECT_THAT(locked_cuda(locked({{"torch", "2.3.1+cpu"}, {"accurate", "1.0"}})), IsEmpty());
}

TEST(Cuda, AnotherMajorVersionThanTheSpecsIsRefused) {
  Warnings warnings;
  try {
    check_cuda(wanting("11.8"), kTorch, warnings);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Spec);
    EXPECT_EQ(error.location().line, 7U);
    EXPECT_THAT(error.message(),
                HasSubstr("`gpu.cuda` is 11.8, but the lock has CUDA 12.1: `nvidia-cublas-cu12 12.1.3.1`"));
    EXPECT_THAT(error.hint_text(), HasSubstr("driver 525"));
  }
}

TEST(Cuda, TheSameVersionIsFineAndANewerMinorOneIsTold) {
  Warnings warnings;
  check_cuda(wanting("12.1"), kTorch, warnings);
  check_cuda(wanting("12.4"), kTorch, warnings);
  EXPECT_THAT(warnings.texts, IsEmpty());
  check_cuda(wanting("12.0"), kTorch, warnings);
  EXPECT_THAT(warnings.texts, ElementsAre(HasSubstr("newer than `gpu.cuda: 12.0`")));
}

TEST(Cuda, ALockWithoutAnyIsTold) {
  Warnings warnings;
  check_cuda(wanting("12.1"), locked({{"numpy", "1.26.4"}}), warnings);
  EXPECT_THAT(warnings.texts, ElementsAre(HasSubstr("nothing in the lock or the base brings CUDA")));
}

TEST(Cuda, LibrariesOfBaseAndWheelsAreTold) {
  Warnings warnings;
  check_cuda(SpecVariant(), on_nvidia_base(kTorch), warnings);
  EXPECT_THAT(warnings.texts, ElementsAre(HasSubstr("libcublas-12-2 and nvidia-cublas-cu12")));
}

TEST(Cuda, VariablesAreSetWhereNobodyDid) {
  EXPECT_THAT(with_cuda(wanting("12.1"), kTorch).env,
              ElementsAre(Pair("NVIDIA_DRIVER_CAPABILITIES", "compute,utility"),
                          Pair("NVIDIA_REQUIRE_CUDA", "cuda>=12.1"), Pair("NVIDIA_VISIBLE_DEVICES", "all")));
  EXPECT_THAT(with_cuda(wanting("12.1"), kTorch).labels, ElementsAre(Pair("dev.mlbuild.cuda.minimum-driver", "525")));
  EXPECT_THAT(with_cuda(SpecVariant(), kTorch).env, IsEmpty());
  EXPECT_THAT(with_cuda(wanting("12.1"), on_nvidia_base(kTorch)).env,
              ElementsAre(Pair("NVIDIA_DRIVER_CAPABILITIES", "compute,utility")));
  SpecVariant own = wanting("12.1");
  own.config.env["NVIDIA_VISIBLE_DEVICES"] = "none";
  EXPECT_EQ(with_cuda(own, kTorch).env.at("NVIDIA_VISIBLE_DEVICES"), "none");
}

}  // namespace
}  // namespace mlbuild
