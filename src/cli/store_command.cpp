#include "commands.hpp"
#include "json_text.hpp"

#include "mlbuild/base/text.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <charconv>
#include <chrono>

namespace mlbuild::cli {
namespace {

using nlohmann::json;

struct StoreOptions {
  std::string older_than = "30d";
  bool repair = false;
};

/// "30d", "12h", "90m", "0s".
std::chrono::seconds parse_age(const std::string& text) {
  std::uint32_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const std::map<std::string_view, std::int64_t> kUnits{{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
  const auto found = kUnits.find(unit);
  if (error != std::errc() || found == kUnits.end()) {
    throw Error(ErrorKind::Usage, fmt::format("`{}` is no age", text))
        .hint("write a number and s, m, h or d, e.g. `30d`");
  }
  return std::chrono::seconds(count * found->second);
}

std::string age_text(std::chrono::system_clock::time_point then) {
  const auto age = std::chrono::duration_cast<std::chrono::hours>(std::chrono::system_clock::now() - then).count();
  return age < 48 ? fmt::format("{} h ago", age) : fmt::format("{} days ago", age / 24);
}

int list_store(World& world) {
  const DiskStore::Usage usage = world.store().usage();
  const std::vector<DiskStore::Listed> blobs = world.store().list();
  if (world.json()) {
    json list = json::array();
    for (const auto& blob : blobs)
      list.push_back({{"digest", blob.digest.to_string()}, {"size", blob.size_bytes}, {"virtual", blob.is_virtual}});
    const json usage_of_store{{"path", world.store_path().string()},
                              {"blobs", list},
                              {"blob_bytes", usage.blob_bytes},
                              {"trees", usage.trees},
                              {"tree_bytes", usage.tree_bytes},
                              {"tool_cache_bytes", usage.tool_cache_bytes},
                              {"keys", usage.keys}};
    world.print(json_text(usage_of_store, 2));
    return 0;
  }
  for (const auto& blob : blobs) {
    world.print(fmt::format("{}  {:>9}  {:<7}  used {}\n", blob.digest.to_string(), human_bytes(blob.size_bytes),
                            blob.is_virtual ? "virtual" : "blob", age_text(blob.last_used)));
  }
  world.note(fmt::format("{}: {} blobs, {}; {} virtual layers; {} trees, {}; {} keys; resolver's cache {}\n",
                         world.store_path().string(), usage.blobs, human_bytes(usage.blob_bytes), usage.virtual_blobs,
                         usage.trees, human_bytes(usage.tree_bytes), usage.keys, human_bytes(usage.tool_cache_bytes)));
  return 0;
}

int clean_store(const StoreOptions& options, World& world) {
  const GcResult result = collect_garbage(world.store_path(), parse_age(options.older_than));
  if (world.json()) {
    world.print(json_text({{"removed_files", result.removed_files},
                           {"removed_bytes", result.removed_bytes},
                           {"kept_bytes", result.kept_bytes}}));
  } else {
    world.note(fmt::format("removed {} files, {}; kept {}\n", result.removed_files, human_bytes(result.removed_bytes),
                           human_bytes(result.kept_bytes)));
  }
  return 0;
}

int check_store(const StoreOptions& options, World& world) {
  const std::vector<StoreDamage> damages = verify_store(world.store_path(), options.repair);
  if (world.json()) {
    json list = json::array();
    for (const StoreDamage& damage : damages) list.push_back({{"what", damage.what}, {"why", damage.why}});
    world.print(json_text({{"damaged", list}}, 2));
  } else {
    for (const StoreDamage& damage : damages) world.print(fmt::format("{}: {}\n", damage.what, damage.why));
    world.note(
        fmt::format("{} damaged{}\n", damages.size(), options.repair && !damages.empty() ? ", moved aside" : ""));
  }
  if (!damages.empty() && !options.repair)
    world.note("hint: `mlbuild store verify --repair` moves them aside; the next build fetches them again\n");
  return damages.empty() || options.repair ? 0 : 1;
}

}  // namespace

void add_store_command(CLI::App& program, Action& chosen) {
  auto options = std::make_shared<StoreOptions>();
  CLI::App* command = program.add_subcommand("store", "look after the store of wheels, packages and layers");
  command->require_subcommand(1);
  command->add_subcommand("ls", "list what it holds")->callback([&chosen] { chosen = list_store; });
  CLI::App* gc = command->add_subcommand("gc", "remove what was not used for a while");
  gc->add_option("--older-than", options->older_than, "age, e.g. 30d (default), 12h, 0s");
  gc->footer("example: mlbuild store gc --older-than 7d");
  gc->callback([options, &chosen] { chosen = [options](World& world) { return clean_store(*options, world); }; });
  CLI::App* verify = command->add_subcommand("verify", "read everything and compare it with its digest");
  verify->add_flag("--repair", options->repair, "move damaged files aside, so that the next build fetches them again");
  verify->callback([options, &chosen] { chosen = [options](World& world) { return check_store(*options, world); }; });
}

}  // namespace mlbuild::cli
