#include "probe_root.hpp"

#include "mlbuild/sys/disk_file.hpp"

#include <filesystem>
#include <fstream>

namespace mlbuild {
namespace {

std::string content_of_probe() { return read_text_file("/proc/self/fd/" + std::to_string(probe_program().get())); }

}  // namespace

ProbeRoot::ProbeRoot() : sandbox_(make_namespace_sandbox("/proc/self/exe", path() / "scratch")) {
  std::filesystem::create_directories(root() / "bin");
  std::filesystem::create_directories(root() / "etc");
  std::ofstream(root() / "etc/motd") << "from the tree\n";
  std::ofstream(root() / "bin/probe", std::ios::binary) << content_of_probe();
  std::filesystem::permissions(root() / "bin/probe", std::filesystem::perms(0755));
}

SandboxJob ProbeRoot::job(std::initializer_list<std::string> words) const {
  SandboxJob job;
  job.roots = {root()};
  job.argv = {"/bin/probe"};
  job.argv.insert(job.argv.end(), words.begin(), words.end());
  job.deadline = std::chrono::seconds(30);
  return job;
}

}  // namespace mlbuild
