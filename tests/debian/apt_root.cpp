#include "debian/apt_root.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/sys/child_process.hpp"

#include <fmt/format.h>

namespace mlbuild::test {
namespace {

constexpr std::string_view kConfiguration = R"(Dir::State "{0}";
Dir::State::status "{0}/status";
Dir::Cache "{0}/cache";
Dir::Log "{0}/log";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
APT::Update::Post-Invoke-Success {{}};
#clear APT::Update::Post-Invoke-Success;
#clear APT::Update::Post-Invoke;
#clear DPkg::Post-Invoke;
Acquire::Languages "none";
Debug::NoLocking "true";
)";

}  // namespace

AptRoot::AptRoot() {
  for (const char* name : {"lists/partial", "cache/archives/partial", "log"}) {
    std::filesystem::create_directories(root_.path() / name);
  }
  write_file_atomically(root_.path() / "status", "");
  write_file_atomically(root_.path() / "apt.conf", fmt::format(kConfiguration, root_.path().string()));
  run({"apt-get", "update"});
}

std::string AptRoot::run(std::vector<std::string> argv, const std::filesystem::path& directory) const {
  Command command;
  command.argv = std::move(argv);
  command.env = {{"APT_CONFIG", (root_.path() / "apt.conf").string()},
                 {"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"},
                 {"LC_ALL", "C.UTF-8"}};
  command.working_directory = directory;
  command.output_limit_bytes = std::size_t{256} << 20U;
  const CommandResult result = run_command(command, Cancellation());
  if (result.ok()) return result.out;
  throw Error(ErrorKind::Step, fmt::format("`{}` failed: {}", join(command.argv, " "), result.err));
}

debian::PackagesIndex AptRoot::index() const {
  debian::PackagesIndex index;
  const std::string files = run({"apt-get", "indextargets", "--format", "$(FILENAME)", "Created-By: Packages"});
  for (const std::string_view file : split_lines(files)) {
    const std::string text = run({"/usr/lib/apt/apt-helper", "cat-file", std::string(file)});
    SpanSource source(as_bytes(text));
    index.add(source, "host");
  }
  return index;
}

std::set<std::string> AptRoot::simulate(const std::vector<std::string>& wanted) const {
  std::vector<std::string> argv = {"apt-get", "-s", "install"};
  argv.insert(argv.end(), wanted.begin(), wanted.end());
  std::set<std::string> names;
  const std::string plan = run(argv);
  for (const std::string_view line : split_lines(plan)) {
    const auto words = split(line, ' ');
    if (words.size() > 1 && words[0] == "Inst") names.emplace(words[1].substr(0, words[1].find(':')));
  }
  return names;
}

std::vector<std::filesystem::path> AptRoot::download(const std::vector<const debian::Package*>& packages) const {
  const auto directory = root_.path() / "debs";
  std::filesystem::create_directories(directory);
  std::vector<std::string> argv = {"apt-get", "download"};
  std::vector<std::filesystem::path> files;
  for (const debian::Package* package : packages) {
    argv.push_back(package->name + "=" + package->version);
    // apt writes the epoch's colon as %3a.
    std::string version = package->version;
    if (const auto colon = version.find(':'); colon != std::string::npos) version.replace(colon, 1, "%3a");
    files.push_back(directory / fmt::format("{}_{}_{}.deb", package->name, version, package->architecture));
  }
  run(argv, directory);
  return files;
}

}  // namespace mlbuild::test
