#include "registry/credential_home.hpp"

#include "mlbuild/base/base64.hpp"
#include "mlbuild/sys/file.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace mlbuild::test {

namespace fs = std::filesystem;

CredentialHome::CredentialHome() {
  options.environment = {{"HOME", path("home").string()},
                         {"XDG_RUNTIME_DIR", path("run").string()},
                         {"PATH", path("bin").string() + ":/usr/bin:/bin"},
                         {"NO_GCE_CHECK", "true"}};
  options.now = [this] { return now_; };
}

std::string CredentialHome::write(const std::string& name, const std::string& text) {
  write_file_atomically(path(name), text);
  return path(name).string();
}

void CredentialHome::add_helper(const std::string& name, const std::string& shell_script) {
  const std::string count = fmt::format("echo run >>'{}'\n", path(name + ".runs").string());
  const std::string program = write("bin/docker-credential-" + name, "#!/bin/sh\n" + count + shell_script);
  fs::permissions(program, fs::perms::owner_all);
}

int CredentialHome::runs(const std::string& helper) const {
  if (!fs::exists(path(helper + ".runs"))) return 0;
  return static_cast<int>(read_text_file(path(helper + ".runs")).size() / 4);
}

CredentialSource& CredentialHome::source() {
  if (!http_) {
    HttpTuning tuning;
    tuning.tries = 2;
    tuning.backoff_base = std::chrono::milliseconds(1);
    http_ = make_http_client(cancellation, tuning);
  }
  if (!source_) source_ = make_credential_source(options, *http_, cancellation);
  return *source_;
}

std::optional<RegistryCredential> CredentialHome::find(const std::string& registry, const std::string& repository) {
  return source().find(registry, repository);
}

std::string CredentialHome::failure(const std::string& registry) {
  try {
    find(registry);
  } catch (const Error& error) {
    std::string text = all_text(error);
    for (const std::string& place : source().tried(registry)) text += "\n" + place;
    EXPECT_TRUE(error.kind() == ErrorKind::Step || error.kind() == ErrorKind::Network) << text;
    EXPECT_EQ(text.find(kSecret), std::string::npos) << text;
    return text;
  }
  ADD_FAILURE() << "no error";
  return "";
}

std::string all_text(const Error& error) {
  std::string text = error.message();
  for (const std::string& line : error.context()) text += "\n" + line;
  return text + "\n" + error.hint_text();
}

std::string auths(const std::string& key, const std::string& user, const std::string& password) {
  return fmt::format(R"({{"auths": {{"{}": {{"auth": "{}"}}}}}})", key, base64(user + ":" + password));
}

}  // namespace mlbuild::test
