#include "mlbuild/registry/registries_conf.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/base/toml_keys.hpp"
#include "mlbuild/sys/file.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace mlbuild {
namespace {

using std::filesystem::path;

constexpr std::uintmax_t kFileLimitBytes = 4U << 20U;

/// "*.example.com" stands for each host below it, whatever its repository (containers-registries.conf(5), "prefix").
bool matches(const std::string& prefix, const std::string& name) {
  if (prefix.starts_with("*.")) {
    const std::string host = name.substr(0, name.find('/'));
    return host.size() > prefix.size() - 1 && host.substr(0, host.find(':')).ends_with(prefix.substr(1));
  }
  return name.starts_with(prefix) && (name.size() == prefix.size() || name[prefix.size()] == '/');
}

/// What is left of the name when the prefix is taken off: "" or "/part...".
std::string rest_of(const std::string& prefix, const std::string& name) {
  if (!prefix.starts_with("*.")) return name.substr(prefix.size());
  const std::size_t slash = name.find('/');
  return slash == std::string::npos ? "" : name.substr(slash);
}

PullSource source_at(const std::string& name, bool insecure, bool is_mirror, const path& file) {
  const std::size_t slash = name.find('/');
  if (slash != std::string::npos && slash > 0 && ("/" + name + "/").find("/../") == std::string::npos) {
    return {name.substr(0, slash), name.substr(slash + 1), insecure, is_mirror};
  }
  throw Error(ErrorKind::Usage, fmt::format("`{}` leads to `{}`, which names no repository", file.string(), name))
      .hint("a `location` that stands for a whole name is HOST/REPOSITORY");
}

bool is_file(const path& file) {
  std::error_code ignored;  // what cannot be looked at is not there for us
  return std::filesystem::is_regular_file(file, ignored);
}

void add_file(RegistriesConf& conf, const path& file) {
  std::error_code error;
  if (std::filesystem::file_size(file, error) > kFileLimitBytes || error) {
    throw Error(ErrorKind::Usage, fmt::format("`{}` cannot be read, or is too large", file.string()))
        .hint("it says which mirrors of registries there are; see containers-registries.conf(5)");
  }
  conf.add(read_text_file(file), file);
}

void add_drop_ins(RegistriesConf& conf, const path& directory) {
  std::error_code ignored;
  std::set<path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory, ignored)) {
    if (entry.path().extension() == ".conf" && is_file(entry.path())) files.insert(entry.path());
  }
  for (const path& file : files) add_file(conf, file);
}

}  // namespace

/// Of one file.
class RegistriesConf::Reader {
 public:
  Reader(std::string_view text, const path& file) : file_(file) {
    if (toml_key_parts(text) > kMaxTomlKeyParts) fail(fmt::format("has a key of more than {} parts", kMaxTomlKeyParts));
    try {
      root_ = toml::parse(text);
    } catch (const toml::parse_error& error) {
      fail(fmt::format("is no TOML near line {}: {}", error.source().begin.line, error.description()));
    }
  }

  std::vector<Entry> entries() const {
    if (const toml::table* registries = root_["registries"].as_table()) {  // of version 1: [registries.block] ...
      if (!registries->empty())
        fail("is of version 1, which says `[registries.search]`; version 2 says `[[registry]]`");
    }
    std::vector<Entry> entries;
    for_each_table(root_, "registry", [&](const toml::table& table) { entries.push_back(entry(table)); });
    return entries;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorKind::Usage, fmt::format("`{}` {}", file_.string(), what))
        .hint("it says which mirrors of registries there are; see containers-registries.conf(5)");
  }

  template <class Body>
  void for_each_table(const toml::table& table, const char* name, const Body& body) const {
    const toml::node* list = table.get(name);
    if (list == nullptr) return;
    if (!list->is_array()) fail(fmt::format("has a `{}` that is no list of tables", name));
    for (const toml::node& node : *list->as_array()) {
      if (!node.is_table()) fail(fmt::format("has a `{}` that is no table", name));
      body(*node.as_table());
    }
  }

  template <class Value>
  Value value(const toml::table& table, const char* name, Value absent) const {
    const toml::node* node = table.get(name);
    if (node == nullptr) return absent;
    const std::optional<Value> found = node->value_exact<Value>();
    if (!found) fail(fmt::format("has a `{}` of another type than it must have", name));
    return *found;
  }

  /// A place is "host[:port][/part...]".
  std::string place(const toml::table& table, const char* name) const {
    std::string text = value<std::string>(table, name, "");
    while (text.ends_with('/')) text.pop_back();
    if (text.find("://") != std::string::npos || text.find_first_of(" \t\r\n?#@") != std::string::npos) {
      fail(fmt::format("has a `{}` that is no host or repository: `{}`", name, printable(text)));
    }
    return text;
  }

  Mirror mirror(const toml::table& table, bool by_digest_only) const {
    Mirror mirror;
    mirror.location = place(table, "location");
    if (mirror.location.empty()) fail("has a mirror without `location`");
    mirror.insecure = value(table, "insecure", false);
    const auto pull = value<std::string>(table, "pull-from-mirror", by_digest_only ? "digest-only" : "all");
    if (pull == "digest-only") mirror.pull_from = PullFrom::DigestOnly;
    if (pull == "tag-only") mirror.pull_from = PullFrom::TagOnly;
    if (pull != "all" && pull != "digest-only" && pull != "tag-only") {
      fail(fmt::format("has a mirror with `pull-from-mirror = {}`", printable(pull)));
    }
    return mirror;
  }

  Entry entry(const toml::table& table) const {
    Entry entry;
    entry.file = file_;
    entry.location = place(table, "location");
    entry.prefix = place(table, "prefix");
    if (entry.prefix.empty()) entry.prefix = std::exchange(entry.location, "");
    if (entry.prefix.empty()) fail("has a `registry` with neither `prefix` nor `location`");
    entry.insecure = value(table, "insecure", false);
    entry.blocked = value(table, "blocked", false);
    const bool by_digest_only = value(table, "mirror-by-digest-only", false);
    for_each_table(table, "mirror",
                   [&](const toml::table& one) { entry.mirrors.push_back(mirror(one, by_digest_only)); });
    return entry;
  }

  const path& file_;
  toml::table root_;
};

void RegistriesConf::add(std::string_view toml, const path& file) {
  for (Entry& entry : Reader(toml, file).entries()) {
    std::erase_if(entries_, [&](const Entry& earlier) { return earlier.prefix == entry.prefix; });
    entries_.push_back(std::move(entry));
  }
}

/// The longest prefix counts.
const RegistriesConf::Entry* RegistriesConf::find(const std::string& name) const {
  const Entry* best = nullptr;
  for (const Entry& entry : entries_) {
    const bool is_longer = best == nullptr || entry.prefix.size() > best->prefix.size();
    if (is_longer && matches(entry.prefix, name)) best = &entry;
  }
  return best;
}

std::vector<PullSource> RegistriesConf::sources(const std::string& host, const std::string& repository,
                                                bool by_digest) const {
  const std::string name = host + "/" + repository;
  const Entry* entry = find(name);
  if (entry == nullptr) return {{host, repository, false, false}};
  if (entry->blocked) {
    throw Error(ErrorKind::Usage, fmt::format("nothing may be read from `{}`: `{}` says that `{}` is blocked", name,
                                              entry->file.string(), entry->prefix))
        .hint("read it from another registry, or ask who keeps that file");
  }
  std::vector<PullSource> sources;
  for (const Mirror& mirror : entry->mirrors) {
    const PullFrom excluded = by_digest ? PullFrom::TagOnly : PullFrom::DigestOnly;
    if (mirror.pull_from == excluded) continue;
    sources.push_back(source_at(mirror.location + rest_of(entry->prefix, name), mirror.insecure, true, entry->file));
  }
  const std::string own = entry->location.empty() ? name : entry->location + rest_of(entry->prefix, name);
  sources.push_back(source_at(own, entry->insecure, false, entry->file));
  return sources;
}

RegistriesConf read_registries_conf(const std::map<std::string, std::string>& environment, const path& etc) {
  RegistriesConf conf;
  const auto variable = [&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
  };
  if (const std::string only = variable("CONTAINERS_REGISTRIES_CONF"); !only.empty()) {
    add_file(conf, only);
    return conf;
  }
  const std::string home = variable("HOME");
  const path user = home.empty() ? path() : path(home) / ".config/containers";
  const path site = etc / "containers";
  if (!home.empty() && is_file(user / "registries.conf")) {
    add_file(conf, user / "registries.conf");
  } else if (is_file(site / "registries.conf")) {
    add_file(conf, site / "registries.conf");
  }
  add_drop_ins(conf, site / "registries.conf.d");
  if (!home.empty()) add_drop_ins(conf, user / "registries.conf.d");
  return conf;
}

}  // namespace mlbuild
