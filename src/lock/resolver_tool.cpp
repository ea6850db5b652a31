#include "resolver_tool.hpp"

#include "host.hpp"

#include "mlbuild/archive/zip.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/index/python_index.hpp"
#include "mlbuild/sys/file.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild {
namespace {

constexpr std::string_view kVersion = "0.13.8";
constexpr std::uint64_t kProgramLimit = std::uint64_t{256} << 20U;

struct PinnedFile {
  std::string_view machine, filename, sha256;
};
constexpr PinnedFile kFiles[] = {
    {"aarch64", "uv-0.13.8-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64.whl",
     "0b3e8b1a4f5e405e31e2ff33de8af4744831e9f7338539671efbd8c3c94e791d"},
    {"x86_64", "uv-0.13.8-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
     "e18a57b8b352eb7c8feb317b9f6f533c8f0ad9673fd6cf34bbe3cf1a9f6a8984"},
};

LockedTool to_tool(const PinnedFile& file) {
  return {"uv", std::string(kVersion), std::string(file.filename), BlobDigest::parse(file.sha256)};
}

void unpack_program(const RandomAccess& wheel, const std::filesystem::path& folder) {
  const std::vector<ZipMember> members = read_zip_directory(wheel);
  const std::string name = fmt::format("uv-{}.data/scripts/uv", kVersion);
  const auto program =
      std::find_if(members.begin(), members.end(), [&](const ZipMember& member) { return member.name == name; });
  if (program == members.end())
    throw Error(ErrorKind::Foreign, fmt::format("the resolver's wheel has no member `{}`", name));
  AtomicFile file(folder / "uv", 0755);
  file.write(read_zip_member(wheel, *program, kProgramLimit));
  file.commit();
}

}  // namespace

std::vector<LockedTool> pinned_resolver() {
  std::vector<LockedTool> tools;
  for (const PinnedFile& file : kFiles) tools.push_back(to_tool(file));
  return tools;
}

std::filesystem::path resolver_program(const ResolveContext& context) {
  const auto own = std::find_if(std::begin(kFiles), std::end(kFiles),
                                [](const PinnedFile& file) { return file.machine == kHostMachine; });
  if (own == std::end(kFiles)) throw Error(ErrorKind::Internal, "no resolver is pinned for this machine");
  const LockedTool tool = to_tool(*own);
  const StepKey key = KeyCard("resolver-program", 1).set("wheel", tool.sha256.to_string()).key();
  return context.store.tree(key, [&](const std::filesystem::path& folder) {
    context.on_activity(fmt::format("fetching the resolver uv {}", kVersion));
    fetch_python_file(context.http, context.store, context.store, context.site.require_index(), tool.name,
                      tool.filename, tool.sha256, 0, [](std::uint64_t) {});
    unpack_program(*context.store.open(tool.sha256), folder);
  });
}

}  // namespace mlbuild
