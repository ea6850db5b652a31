// A C extension built from source in the real sandbox: root of real Debian packages, setuptools as the backend.

#include "debian/apt_root.hpp"
#include "support/tar_text.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/debian/base_set.hpp"
#include "mlbuild/debian/closure.hpp"
#include "mlbuild/io/deflate.hpp"
#include "mlbuild/run/sdist_build.hpp"
#include "mlbuild/sys/child_process.hpp"
#include "mlbuild/sys/file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace mlbuild::test {
namespace {

using ::testing::HasSubstr;

constexpr const char* kProject =
    "[build-system]\nrequires = ['setuptools', 'wheel']\nbuild-backend = 'setuptools.build_meta'\n";
constexpr const char* kSetup =
    "from setuptools import Extension, setup\n"
    "setup(name='toy', version='1.0', ext_modules=[Extension('toy', ['toy.c'])])\n";
constexpr const char* kExtension =
    "#include <Python.h>\n"
    "static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, \"toy\", NULL, -1, NULL};\n"
    "PyMODINIT_FUNC PyInit_toy(void) { return PyModule_Create(&module); }\n";

constexpr const char* kNumpyProject =
    "[build-system]\nrequires = ['setuptools', 'wheel', 'numpy']\nbuild-backend = 'setuptools.build_meta'\n";
constexpr const char* kNumpySetup =
    "import numpy\nfrom setuptools import Extension, setup\n"
    "setup(name='toy', version='1.0', ext_modules=[Extension('toy', ['toy.cpp'], "
    "include_dirs=[numpy.get_include()])])\n";
constexpr const char* kNumpyExtension =
    "#include <Python.h>\n#include <numpy/arrayobject.h>\n#include <string>\n"
    "static PyModuleDef module = {PyModuleDef_HEAD_INIT, \"toy\", nullptr, -1, nullptr};\n"
    "PyMODINIT_FUNC PyInit_toy(void) { import_array(); PyObject* made = PyModule_Create(&module);\n"
    "  PyModule_AddStringConstant(made, \"name\", std::string(3, 'x').c_str()); return made; }\n";

/// As another user's shell would have it.
class OtherSurroundings {
 public:
  OtherSurroundings() : umask_(::umask(077)) {
    ::setenv("TZ", "Asia/Kathmandu", 1);
    ::setenv("LC_ALL", "tr_TR.UTF-8", 1);
  }
  ~OtherSurroundings() {
    ::umask(umask_);
    ::unsetenv("TZ");
    ::unsetenv("LC_ALL");
  }

 private:
  mode_t umask_;
};

class RealSdistBuild : public ::testing::Test {
 protected:
  std::vector<DebInput> packages(const std::vector<std::string>& more) {
    const debian::PackagesIndex index = apt_.index();
    debian::ClosureRequest request;
    request.wanted = debian::base_set(true, "3.11").wanted;
    request.wanted.insert(request.wanted.end(), more.begin(), more.end());
    std::vector<const debian::Package*> wanted;
    for (const auto& member : debian::resolve_closure(index, request)) wanted.push_back(member.package);
    const auto files = apt_.download(wanted);
    std::vector<DebInput> inputs;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      inputs.push_back(
          {wanted[i]->name, wanted[i]->version, wanted[i]->architecture, keep(read_text_file(files[i], 1U << 30U))});
    }
    return inputs;
  }

  std::vector<WheelInput> wheels(std::vector<std::string> pins) {
    const auto place = directory_.path() / "wheels";
    Command command;
    command.argv = {"python3",       "-m",    "pip", "download",    "-q", "--no-deps",
                    "--only-binary", ":all:", "-d",  place.string()};
    command.argv.insert(command.argv.end(), pins.begin(), pins.end());
    for (char** pair = environ; *pair != nullptr; ++pair) {  // pip's own configuration
      if (const char* equals = std::strchr(*pair, '='))
        command.env.emplace(std::string(static_cast<const char*>(*pair), equals), equals + 1);
    }
    const CommandResult result = run_command(command, never_);
    EXPECT_TRUE(result.ok()) << result.err;
    std::vector<WheelInput> inputs;
    for (const auto& entry : std::filesystem::directory_iterator(place)) {
      inputs.push_back({entry.path().filename().string(), keep(read_text_file(entry.path()))});
    }
    return inputs;
  }

  SdistBuildInputs inputs(const std::vector<std::string>& system) {
    return inputs_of(
        {{"toy-1.0/pyproject.toml", kProject}, {"toy-1.0/setup.py", kSetup}, {"toy-1.0/toy.c", kExtension}}, system,
        {"setuptools==69.5.1", "wheel==0.43.0"});
  }

  SdistBuildInputs inputs_of(const std::vector<std::pair<std::string, std::string>>& files,
                             const std::vector<std::string>& system, const std::vector<std::string>& requirements) {
    SdistBuildInputs inputs;
    inputs.sdist = keep(as_text(Deflater(6).gzip_member(as_bytes(tar_of(files)))));
    inputs.sdist_filename = "toy-1.0.tar.gz";
    inputs.project = "toy";
    inputs.version = "1.0";
    inputs.build_requirements = wheels(requirements);
    inputs.root_packages = packages(system);
    return inputs;
  }

  BuiltWheel build(const SdistBuildInputs& inputs) { return build_sdist(inputs, store_, *sandbox_, never_); }

 private:
  BlobDigest keep(std::string_view content) {
    const auto writer = store_.begin();
    writer->write(as_bytes(content));
    return writer->commit();
  }

  AptRoot apt_;
  TempDir directory_;
  DiskStore store_{directory_.path() / "store"};
  std::unique_ptr<Sandbox> sandbox_ = make_namespace_sandbox("/proc/self/exe", store_.root() / "tmp");
  Cancellation never_;
};

TEST_F(RealSdistBuild, CompilesAnExtensionTheSameTwice) {
  const SdistBuildInputs toy = inputs({"gcc", "libc6-dev", "libpython3.11-dev"});
  const BuiltWheel first = build(toy);
  EXPECT_THAT(first.filename, HasSubstr("toy-1.0-cp311-cp311-linux_"));
  EXPECT_EQ(build(toy).digest, first.digest);
}

TEST_F(RealSdistBuild, CompilesCxxAgainstNumpyTheSameInOtherSurroundings) {
  const SdistBuildInputs toy =
      inputs_of({{"toy-1.0/pyproject.toml", kNumpyProject},
                 {"toy-1.0/setup.py", kNumpySetup},
                 {"toy-1.0/toy.cpp", kNumpyExtension}},
                {"g++", "libc6-dev", "libpython3.11-dev"}, {"setuptools==69.5.1", "wheel==0.43.0", "numpy==1.26.4"});
  const BuiltWheel first = build(toy);
  EXPECT_THAT(first.filename, HasSubstr("toy-1.0-cp311-cp311-linux_"));
  const OtherSurroundings other;
  EXPECT_EQ(build(toy).digest, first.digest);
}

TEST_F(RealSdistBuild, SaysThatACompilerIsMissing) {
  try {
    build(inputs({"libpython3.11-dev"}));
    FAIL() << "built without a compiler";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Step);
    EXPECT_THAT(error.hint_text(), HasSubstr("compiler to `system.build`"));
  }
}

}  // namespace
}  // namespace mlbuild::test

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "__sandbox") == 0) return mlbuild::sandbox_helper_main();
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
