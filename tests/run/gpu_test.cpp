#include "mlbuild/run/gpu.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/sys/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A directory that looks like a machine with a driver; files stand for device nodes.
class FakeMachine : public ::testing::Test {
 protected:
  void add(const std::string& path) const {
    fs::create_directories((host.path() / path).parent_path());
    std::ofstream(host.path() / path) << "x";
  }
  Error refusal() const {
    try {
      find_gpu(host.path());
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "found one";
    return {ErrorKind::Internal, "none"};
  }
  TempDir host;
};

TEST_F(FakeMachine, DevicesAndDriverLibrariesAreFound) {
  for (const char* path :
       {"dev/nvidia0", "dev/nvidiactl", "dev/nvidia-uvm", "dev/nvidia-caps/nvidia-cap1", "dev/null",
        "usr/lib64/libcuda.so.1", "usr/lib64/libnvidia-ml.so.1", "usr/lib64/libcudart.so.12", "usr/bin/nvidia-smi"}) {
    add(path);
  }
  const Gpu gpu = find_gpu(host.path());
  EXPECT_THAT(gpu.devices,
              ElementsAre("/dev/nvidia-caps/nvidia-cap1", "/dev/nvidia-uvm", "/dev/nvidia0", "/dev/nvidiactl"));
  ASSERT_EQ(gpu.mounts.size(), 3U);  // not libcudart: that is CUDA, which the image brings
  EXPECT_EQ(gpu.mounts[0].host, host.path() / "usr/lib64/libcuda.so.1");
  EXPECT_THAT(gpu.mounts[0].inside.string(), ::testing::EndsWith("-linux-gnu/libcuda.so.1"));
  EXPECT_FALSE(gpu.mounts[0].writable);
  EXPECT_EQ(gpu.mounts[2].inside, "/usr/bin/nvidia-smi");
}

TEST_F(FakeMachine, WithoutADeviceThereIsNoGpu) {
  add("dev/nvidiactl");
  add("usr/lib64/libcuda.so.1");
  EXPECT_THAT(refusal().message(), HasSubstr("no NVIDIA GPU"));
  EXPECT_THAT(refusal().hint_text(), HasSubstr("nvidia-smi"));
}

TEST_F(FakeMachine, WithoutTheDriversLibraryItSaysWhichPackage) {
  add("dev/nvidia0");
  EXPECT_THAT(refusal().message(), HasSubstr("`libcuda.so.1` is not installed"));
  EXPECT_THAT(refusal().hint_text(), HasSubstr("libcuda1"));
}

}  // namespace
}  // namespace mlbuild
