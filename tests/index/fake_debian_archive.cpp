#include "fake_debian_archive.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/sys/child_process.hpp"

#include <fmt/format.h>
#include <lzma.h>

namespace mlbuild::test {

std::string xz(const std::string& plain) {
  std::string packed(lzma_stream_buffer_bound(plain.size()), '\0');
  std::size_t used = 0;
  const lzma_ret result =
      lzma_easy_buffer_encode(0, LZMA_CHECK_CRC64, nullptr, reinterpret_cast<const std::uint8_t*>(plain.data()),
                              plain.size(), reinterpret_cast<std::uint8_t*>(packed.data()), &used, packed.size());
  if (result != LZMA_OK) throw Error(ErrorKind::Internal, "xz failed");
  packed.resize(used);
  return packed;
}

FakeDebianArchive::FakeDebianArchive() : keyring_(home_.path() / "archive.gpg") {
  make_key("archive@example.org");
  export_keyring("archive@example.org");
}

FakeDebianArchive::~FakeDebianArchive() {
  Command stop_agent;  // gpg starts one for its home directory
  stop_agent.argv = {"gpgconf", "--homedir", home_.path().string(), "--kill", "all"};
  stop_agent.env = {{"PATH", "/usr/bin:/bin"}};
  run_command(stop_agent, cancellation_);
}

std::string FakeDebianArchive::gpg(std::vector<std::string> arguments, const std::string& input) {
  Command command;
  command.argv = {"gpg", "--homedir", home_.path().string(), "--batch", "--quiet", "--yes"};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.env = {{"PATH", "/usr/bin:/bin"}, {"LC_ALL", "C"}};
  command.standard_input = input;
  CommandResult result = run_command(command, cancellation_);
  if (!result.ok()) throw Error(ErrorKind::Step, "gpg failed: " + result.err).hint("`apt-get install gnupg`");
  return std::move(result.out);
}

void FakeDebianArchive::make_key(const std::string& email) {
  gpg({"--passphrase", "", "--quick-generate-key", email, "ed25519", "sign", "never"}, "");
}

void FakeDebianArchive::export_keyring(const std::string& email) {
  write_file_atomically(keyring_, gpg({"--export", email}, ""));
}

std::string FakeDebianArchive::clear_sign(const std::string& text, const std::string& signer) {
  return gpg({"--clear-sign", "--local-user", signer, "--output", "-"}, text);
}

std::string FakeDebianArchive::packages_text(const std::string& version) {
  return fmt::format(
      "Package: hello\nVersion: {}\nArchitecture: amd64\nFilename: pool/main/h/hello/hello_{}_amd64.deb\nSize: "
      "9\nSHA256: {}\n\n",
      version, version, sha256("hello.deb").hex());
}

std::string FakeDebianArchive::target_of_packages(const std::string& folder, const std::string& name) {
  return fmt::format("{}/dists/{}/main/binary-amd64/Packages.xz", folder, name);
}

void FakeDebianArchive::publish(const std::string& folder, const std::string& name, const Suite& suite) {
  const std::string packages = xz(suite.packages);
  const std::string hex = sha256(packages).hex();
  std::string release =
      fmt::format("Origin: Toy\nSuite: oldtoy\nCodename: {}\nDate: Sat, 11 Jul 2026 10:16:37 UTC\n", suite.codename);
  if (!suite.valid_until.empty()) release += fmt::format("Valid-Until: {}\n", suite.valid_until);
  if (suite.by_hash) release += "Acquire-By-Hash: yes\n";
  release += fmt::format("SHA256:\n {} {} main/binary-amd64/Packages.xz\n", hex, packages.size());
  const std::string base = fmt::format("{}/dists/{}/", folder, name);
  server.answer(base + "InRelease", {.body = clear_sign(release, suite.signer)});
  server.answer(target_of_packages(folder, name), {.body = packages});
  by_hash_[folder + name] = fmt::format("{}main/binary-amd64/by-hash/SHA256/{}", base, hex);
  if (suite.by_hash) server.answer(by_hash_[folder + name], {.body = packages});
}

void FakeDebianArchive::publish_all() {
  publish("/debian", "toy", {.codename = "toy", .packages = packages_text("1.0"), .valid_until = {}});
  publish("/debian", "toy-updates", {.codename = "toy-updates", .packages = packages_text("1.1"), .valid_until = {}});
  publish(
      "/debian-security", "toy-security",
      {.codename = "toy-security", .packages = packages_text("1.2"), .valid_until = "Sat, 01 Jan 2124 00:00:00 UTC"});
}

}  // namespace mlbuild::test
