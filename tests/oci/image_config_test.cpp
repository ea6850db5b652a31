#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/oci/oci.hpp"

#include <gtest/gtest.h>

namespace mlbuild::oci {
namespace {

ImageConfig example() {
  ImageConfig config;
  config.platform = Platform::parse("linux/arm64/v8");
  config.created = "2015-10-31T22:22:56Z";
  config.user = "1000:1000";
  config.working_dir = "/app";
  config.env = {"PATH=/usr/bin", "A=1"};
  config.entrypoint = {"/bin/my-app-binary"};
  config.cmd = {"--foreground"};
  config.labels = {{"team", "churn"}};
  config.exposed_ports = {"8080/tcp"};
  config.stop_signal = "SIGINT";
  config.diff_ids = {DiffId(sha256("layer"))};
  config.history = {{"wheel numpy 1.26.4", false}, {"metadata", true}};
  return config;
}

void expect_refused(const std::string& json) {
  try {
    parse_config(json);
    ADD_FAILURE() << "accepted: " << json;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Foreign) << json;
  }
}

std::string with_config(const std::string& config) {
  return R"({"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]},"config":)" + config + "}";
}

TEST(ImageConfig, HasTheMembersOfTheSpecification) {
  // image-spec v1.1, config.md, "Properties"
  EXPECT_EQ(to_json(example()),
            R"({"architecture":"arm64","config":{"Cmd":["--foreground"],"Entrypoint":["/bin/my-app-binary"],)"
            R"("Env":["PATH=/usr/bin","A=1"],"ExposedPorts":{"8080/tcp":{}},"Labels":{"team":"churn"},)"
            R"("StopSignal":"SIGINT","User":"1000:1000","WorkingDir":"/app"},"created":"2015-10-31T22:22:56Z",)"
            R"("history":[{"created":"2015-10-31T22:22:56Z","created_by":"wheel numpy 1.26.4"},)"
            R"({"created":"2015-10-31T22:22:56Z","created_by":"metadata","empty_layer":true}],)"
            R"("os":"linux","rootfs":{"diff_ids":["sha256:)" +
                sha256("layer").hex() + R"("],"type":"layers"},"variant":"v8"})");
}

TEST(ImageConfig, ReadsWhatItWrites) {
  const std::string json = to_json(example());
  EXPECT_EQ(to_json(parse_config(json)), json);
}

TEST(ImageConfig, LeavesOutWhatIsNotSet) {
  EXPECT_EQ(
      to_json(ImageConfig()),
      R"({"architecture":"amd64","config":{},"history":[],"os":"linux","rootfs":{"diff_ids":[],"type":"layers"}})");
}

TEST(ImageConfig, ReadsNullAsAbsent) {
  // Go programs write null for empty lists and maps.
  const ImageConfig config =
      parse_config(with_config(R"({"Env":null,"Cmd":null,"Labels":null,"ExposedPorts":null,"User":null})"));
  EXPECT_TRUE(config.env.empty());
  EXPECT_EQ(config.user, "");
}

TEST(ImageConfig, RefusesWrongTypes) {
  for (const char* config : {R"({"Env":"A=1"})", R"({"Env":[1]})", R"({"Cmd":{"a":"b"}})", R"({"Labels":[["a","b"]]})",
                             R"({"Labels":{"a":1}})", R"({"ExposedPorts":["80"]})", R"({"User":0})", "[]", "7"}) {
    expect_refused(with_config(config));
  }
}

TEST(ImageConfig, RefusesMissingOrForeignRootFilesystems) {
  expect_refused(R"({"os":"linux","architecture":"amd64"})");
  expect_refused(R"({"os":"linux","architecture":"amd64","rootfs":{"type":"base","diff_ids":[]}})");
  expect_refused(R"({"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":["sha256:00"]}})");
  expect_refused(R"({"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":{"a":"b"}}})");
  expect_refused(R"({"architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]}})");
}

TEST(ImageConfig, RefusesNulInTheEnvironment) { expect_refused(with_config(R"({"Env":["A=1\u0000B=2"]})")); }

TEST(Platform, ReadsWhatItWrites) {
  for (const char* text : {"linux/amd64", "linux/arm64", "linux/arm64/v8", "linux/arm/v7"}) {
    EXPECT_EQ(Platform::parse(text).to_string(), text);
  }
}

TEST(Platform, RefusesWhatIsNone) {
  for (const char* text :
       {"", "linux", "/", "linux/", "/amd64", "linux/amd64/", "linux/amd64/v1/x", "Linux/amd64", "linux/amd 64"}) {
    EXPECT_THROW(Platform::parse(text), Error) << text;
  }
}

}  // namespace
}  // namespace mlbuild::oci
