#include "debian/apt_root.hpp"

#include "mlbuild/debian/base_set.hpp"
#include "mlbuild/debian/closure.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

// Our closure against apt's answer for the runtime packages that ML images ask for. MLBUILD_ORACLE=1 compares all of
// them, which takes minutes.
namespace mlbuild::test {
namespace {

const std::vector<std::string> kFew = {"libgomp1", "libgl1", "libglib2.0-0", "ffmpeg", "libgtk-3-0"};
const std::vector<std::string> kAll = {"antiword",
                                       "ca-certificates",
                                       "cmake",
                                       "curl",
                                       "default-libmysqlclient-dev",
                                       "ffmpeg",
                                       "fonts-dejavu-core",
                                       "freetds-bin",
                                       "g++",
                                       "gcc",
                                       "ghostscript",
                                       "git",
                                       "graphviz",
                                       "jq",
                                       "libasound2",
                                       "libatlas3-base",
                                       "libatomic1",
                                       "libavcodec59",
                                       "libavformat59",
                                       "libblas3",
                                       "libboost-python1.74.0",
                                       "libcairo2",
                                       "libegl1",
                                       "libenchant-2-2",
                                       "libffi8",
                                       "libfontconfig1",
                                       "libfreetype6",
                                       "libgdal32",
                                       "libgdk-pixbuf-2.0-0",
                                       "libgeos-c1v5",
                                       "libgfortran5",
                                       "libgl1",
                                       "libgles2",
                                       "libglib2.0-0",
                                       "libglu1-mesa",
                                       "libgomp1",
                                       "libgoogle-perftools4",
                                       "libgraphviz-dev",
                                       "libgtk-3-0",
                                       "libhdf5-103-1",
                                       "libjemalloc2",
                                       "libjpeg62-turbo",
                                       "liblapack3",
                                       "libleptonica-dev",
                                       "libmagic1",
                                       "libmariadb3",
                                       "libnetcdf19",
                                       "libnuma1",
                                       "libodbc2",
                                       "libopenblas0",
                                       "libopenjp2-7",
                                       "libosmesa6",
                                       "libpango-1.0-0",
                                       "libpangocairo-1.0-0",
                                       "libpng16-16",
                                       "libportaudio2",
                                       "libpq5",
                                       "libproj25",
                                       "libprotobuf32",
                                       "libpulse0",
                                       "libquadmath0",
                                       "librdkafka1",
                                       "libreoffice-common",
                                       "libsm6",
                                       "libsnappy1v5",
                                       "libsndfile1",
                                       "libsox3",
                                       "libspatialindex6",
                                       "libsqlite3-0",
                                       "libssl3",
                                       "libstdc++6",
                                       "libsuitesparse-dev",
                                       "libswscale6",
                                       "libtbb12",
                                       "libtcmalloc-minimal4",
                                       "libtiff6",
                                       "libwebp7",
                                       "libx11-6",
                                       "libxcb1",
                                       "libxcursor1",
                                       "libxext6",
                                       "libxi6",
                                       "libxkbcommon0",
                                       "libxml2",
                                       "libxrandr2",
                                       "libxrender1",
                                       "libxslt1.1",
                                       "libxtst6",
                                       "libzmq5",
                                       "locales",
                                       "make",
                                       "netbase",
                                       "openssh-client",
                                       "p7zip-full",
                                       "poppler-utils",
                                       "portaudio19-dev",
                                       "procps",
                                       "sox",
                                       "tdsodbc",
                                       "tesseract-ocr",
                                       "tini",
                                       "tzdata",
                                       "unixodbc",
                                       "unzip",
                                       "wget",
                                       "wkhtmltopdf"};

class AptOracle : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    apt_ = std::make_unique<AptRoot>();
    index_ = std::make_unique<debian::PackagesIndex>(apt_->index());
  }
  static void TearDownTestSuite() {
    index_.reset();
    apt_.reset();
  }
  static std::set<std::string> ours(const std::vector<std::string>& wanted) {
    debian::ClosureRequest request;
    request.wanted = wanted;
    request.preferred = {};  // our one deliberate difference
    std::set<std::string> names;
    for (const auto& member : debian::resolve_closure(*index_, request)) names.insert(member.package->name);
    return names;
  }
  static std::unique_ptr<AptRoot> apt_;
  static std::unique_ptr<debian::PackagesIndex> index_;
};

std::unique_ptr<AptRoot> AptOracle::apt_;
std::unique_ptr<debian::PackagesIndex> AptOracle::index_;

const std::vector<std::string>& wanted() { return std::getenv("MLBUILD_ORACLE") != nullptr ? kAll : kFew; }

TEST_F(AptOracle, EachPackageHasAptsClosure) {
  for (const std::string& name : wanted()) EXPECT_EQ(ours({name}), apt_->simulate({name})) << name;
}

TEST_F(AptOracle, AllTogetherHaveAptsClosure) { EXPECT_EQ(ours(wanted()), apt_->simulate(wanted())); }

TEST_F(AptOracle, BasesHaveAptsClosure) {
  for (const bool slim : {true, false}) {
    const auto set = debian::base_set(slim, "3.11").wanted;
    EXPECT_EQ(ours(set), apt_->simulate(set));
  }
}

}  // namespace
}  // namespace mlbuild::test
