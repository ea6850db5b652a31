#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

/// Where a repository can be read.
struct PullSource {
  std::string host;
  std::string repository;
  bool insecure = false;  ///< http is spoken with it
  bool is_mirror = false;
};

/// The part of containers-registries.conf(5), version 2, that is about reading: prefix, location, insecure, blocked,
/// mirror[] with pull-from-mirror. Anything else in these files is left alone. Immutable when read.
class RegistriesConf {
 public:
  /// Reads one file's text on top of what was read before: its entry for a prefix replaces the earlier one. Throws
  /// Error{Usage} that names the file.
  void add(std::string_view toml, const std::filesystem::path& file);

  /// In which order a repository is to be read: the mirrors, last the registry itself, which may be at another
  /// location. `by_digest`: what is read is named by its digest. Throws Error{Usage} naming the file for what is
  /// blocked.
  std::vector<PullSource> sources(const std::string& host, const std::string& repository, bool by_digest) const;

 private:
  enum class PullFrom { All, DigestOnly, TagOnly };
  struct Mirror {
    std::string location;
    bool insecure = false;
    PullFrom pull_from = PullFrom::All;
  };
  struct Entry {
    std::string prefix;    ///< "host[:port][/part...]", or "*.domain"
    std::string location;  ///< what stands in its place; empty: the name stays
    bool insecure = false, blocked = false;
    std::vector<Mirror> mirrors;
    std::filesystem::path file;
  };
  class Reader;
  const Entry* find(const std::string& name) const;

  std::vector<Entry> entries_;
};

/// CONTAINERS_REGISTRIES_CONF alone when it is set; else the first of ~/.config/containers/registries.conf and
/// /etc/containers/registries.conf that there is, and on top of it the files NAME.conf of registries.conf.d beside
/// either, those of the user last. `etc`: stands for /etc.
RegistriesConf read_registries_conf(const std::map<std::string, std::string>& environment,
                                    const std::filesystem::path& etc = "/etc");

}  // namespace mlbuild
