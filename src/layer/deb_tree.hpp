#pragma once

#include "deb_content_pool.hpp"
#include "unpacked_deb.hpp"

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/debian/dependency.hpp"
#include "mlbuild/layer/layer_writer.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

/// One entry of the root that is being put together.
struct DebEntry {
  TarEntry tar;                        ///< path in merged form
  DebContentPool::Handle content = 0;  ///< File
  std::size_t package = 0;             ///< index into DebTree::packages, or DebTree::kNoPackage for what mlbuild makes
};

struct DebTreePackage {
  std::string name, version;
  std::vector<debian::DependencyGroup> replaces;
  std::uint64_t plain_size_bytes = 0;
};

/// The files of several packages as one root: paths in merged form, documentation left out, contradictions refused.
class DebTree {
 public:
  static constexpr std::size_t kNoPackage = static_cast<std::size_t>(-1);

  explicit DebTree(bool keep_documentation, bool merged_usr = true)
      : keep_documentation_(keep_documentation), merged_usr_(merged_usr) {}

  /// Where a shipped path is in the root.
  std::string path_of(std::string_view shipped) const;

  /// The contents are not copied: what they were unpacked into must outlive the tree.
  void add_package(std::string name, std::string version, const UnpackedDeb& shipped);

  // What mlbuild makes itself; each leaves an entry that is already there alone.
  void add_directory(const std::string& path, std::uint32_t mode = 0755, std::uint64_t gid = 0);
  void add_file(const std::string& path, std::string_view content, std::uint32_t mode = 0644, std::uint64_t gid = 0);
  void add_symlink(const std::string& path, const std::string& target);
  void replace_file(const std::string& path, std::string_view content);

  const DebEntry* find(std::string_view path) const;
  /// The entry behind a path of the root, links followed within the tree; null when it leaves the tree or does not
  /// exist.
  const DebEntry* resolve(std::string_view path) const;
  std::string read_file(const DebEntry& entry, std::uint64_t limit_bytes) const;
  const std::map<std::string, DebEntry, std::less<>>& entries() const { return entries_; }
  const std::vector<DebTreePackage>& packages() const { return packages_; }

  /// Checks the whole and writes it in path order; parents that nobody shipped are added.
  void write(LayerWriter& out, std::int64_t epoch_seconds);

 private:
  void add_shipped(std::size_t package, const UnpackedDeb::Entry& shipped);
  void merge(DebEntry entry);
  bool are_same(const DebEntry& a, const DebEntry& b) const;
  bool replaces(std::size_t newer, std::size_t older) const;
  void add_missing_parents();
  void settle_hard_links();

  bool keep_documentation_;
  bool merged_usr_;
  DebContentPool pool_;
  std::map<std::string, DebEntry, std::less<>> entries_;
  std::vector<DebTreePackage> packages_;
};

/// Whether a shipped path is documentation that images leave out: manuals, translations, examples; never a copyright
/// file or the link that stands for one (Debian policy 12.5).
bool is_documentation(const TarEntry& entry);

}  // namespace mlbuild
