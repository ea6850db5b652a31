#include "mlbuild/inspect/contents.hpp"

#include "ownership.hpp"
#include "package_files.hpp"

#include "mlbuild/base/path_parts.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

namespace mlbuild {
namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";
constexpr std::uint64_t kSmallestDuplicate = 4096;

ByteCount bytes_of(const ScannedEntry& entry) { return {entry.size_bytes, entry.compressed_size_bytes, 1}; }

/// Who hides a path, and how.
struct HiddenBy {
  std::size_t layer = 0;
  bool is_deleted = false;
};

/// What the layers above the one at hand hide of it, looked at from the top down.
class Cover {
 public:
  std::optional<HiddenBy> hidden_by(std::string_view path) const {
    if (const auto found = taken_.find(path); found != taken_.end()) return HiddenBy{found->second, false};
    if (const auto found = gone_.find(path); found != gone_.end()) return found->second;
    for (std::string_view at = parent_of(path);; at = parent_of(at)) {
      if (const auto found = gone_.find(at); found != gone_.end()) return found->second;
      if (at.empty()) return std::nullopt;
    }
  }
  /// Adds what `layer` hides of those below it.
  void add(const LayerScan& layer, std::size_t number) {
    for (const ScannedEntry& entry : layer.entries) add_entry(entry, number);
  }

 private:
  void add_entry(const ScannedEntry& entry, std::size_t number) {
    const std::string_view name = name_of(entry.path);
    const std::string_view directory = parent_of(entry.path);
    if (name == kOpaque) {
      gone_.try_emplace(directory, HiddenBy{number, true});
    } else if (name.starts_with(kWhiteout)) {
      const std::string_view hidden = name.substr(kWhiteout.size());
      const auto own = whiteouts_.insert(directory.empty() ? std::string(hidden)
                                                           : std::string(directory).append("/").append(hidden));
      gone_.try_emplace(*own.first, HiddenBy{number, true});
    } else {
      taken_.insert_or_assign(entry.path, number);  // the lowest of those above is the one that did it
      if (entry.type != TarType::Directory) gone_.try_emplace(entry.path, HiddenBy{number, false});
    }
  }

  std::set<std::string> whiteouts_;                // own the names that no entry has
  std::map<std::string_view, std::size_t> taken_;  // paths
  std::map<std::string_view, HiddenBy> gone_;      // paths with all that is below them
};

/// The image as it is seen, with who hides what.
class Stack {
 public:
  explicit Stack(const std::vector<LayerScan>& layers) : layers_(layers), hidden_(layers.size()) {
    Cover cover;
    for (std::size_t i = layers.size(); i-- > 0;) {
      add_layer(i, cover);
      cover.add(layers[i], i);
    }
  }

  struct Seen {
    const ScannedEntry* entry;
    std::size_t layer;
  };
  const std::map<std::string_view, Seen>& seen() const { return seen_; }
  const std::vector<ByteCount>& hidden() const { return hidden_; }
  const std::vector<HiddenFile>& hidden_files() const { return hidden_files_; }

  std::map<std::string, std::string_view> texts() const {
    std::map<std::string, std::string_view> texts;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      for (const auto& [path, text] : layers_[i].texts) {
        const auto found = seen_.find(path);
        if (found != seen_.end() && found->second.layer == i) texts.insert_or_assign(path, std::string_view(text));
      }
    }
    keep_installed(texts);
    return texts;
  }

 private:
  void add_layer(std::size_t number, const Cover& cover) {
    for (const ScannedEntry& entry : layers_[number].entries) {
      if (entry.type != TarType::File || name_of(entry.path).starts_with(kWhiteout)) continue;
      if (const std::optional<HiddenBy> by = cover.hidden_by(entry.path)) {
        hide(entry, number, *by);
      } else {
        add_file(entry, number);
      }
    }
  }

  /// The last entry of a path within a layer is the one that is seen.
  void add_file(const ScannedEntry& entry, std::size_t number) {
    const auto [at, is_new] = seen_.try_emplace(entry.path, Seen{&entry, number});
    if (is_new) return;
    hide(*at->second.entry, number, {number, false});
    at->second = {&entry, number};
  }

  void hide(const ScannedEntry& entry, std::size_t number, const HiddenBy& by) {
    hidden_[number] += bytes_of(entry);
    hidden_files_.push_back({entry.path, bytes_of(entry), number, by.layer, by.is_deleted});
  }

  const std::vector<LayerScan>& layers_;
  std::vector<ByteCount> hidden_;
  std::vector<HiddenFile> hidden_files_;
  std::map<std::string_view, Seen> seen_;
};

ImageContents files_of(const Stack& stack) {
  ImageContents contents;
  contents.hidden = stack.hidden();
  contents.hidden_files = stack.hidden_files();
  std::ranges::stable_sort(contents.hidden_files, std::ranges::greater(),
                           [](const HiddenFile& file) { return file.bytes.compressed_bytes; });
  for (const auto& [path, seen] : stack.seen()) {
    ContentFile& file = contents.files.emplace_back();
    file.path = path;
    file.bytes = bytes_of(*seen.entry);
    file.layer = seen.layer;
    file.category = category_of(path);
    file.crc32 = seen.entry->crc32;
  }
  return contents;
}

void add_to(ContentPackage& package, const ContentFile& file) {
  package.bytes += file.bytes;
  const auto at = std::ranges::lower_bound(package.layers, file.layer);
  if (at == package.layers.end() || *at != file.layer) package.layers.insert(at, file.layer);
}

/// The source that a file of bytecode was made from (PEP 3147): "a/__pycache__/b.cpython-311.pyc" gives "a/b.py".
std::optional<std::string> source_of_bytecode(std::string_view path) {
  constexpr std::string_view kCache = "__pycache__";
  const std::string_view cache = parent_of(path);
  const std::string_view name = name_of(path);
  if (name_of(cache) != kCache || !name.ends_with(".pyc")) return std::nullopt;
  return std::string(cache.substr(0, cache.size() - kCache.size())).append(name.substr(0, name.find('.'))) + ".py";
}

using Owners = std::unordered_map<std::string_view, std::size_t>;

/// Bytecode that nobody lists belongs to its source's package: it is there because of it, and goes with it.
std::optional<std::size_t> owner_of(const std::string& path, const Owners& owners) {
  if (const auto owner = owners.find(path); owner != owners.end()) return owner->second;
  const std::optional<std::string> source = source_of_bytecode(path);
  const auto owner = source ? owners.find(*source) : owners.end();
  return owner == owners.end() ? std::nullopt : std::optional(owner->second);
}

/// Gives every file to a package; the last one has what belongs to none.
void assign_packages(ImageContents& contents, const std::vector<FoundPackage>& found) {
  Owners owners;
  for (std::size_t i = 0; i < found.size(); ++i) {
    contents.packages.push_back({found[i].kind, found[i].name, found[i].version, {}, {}, found[i].description});
    for (const std::string& path : found[i].paths) owners.try_emplace(path, i);
  }
  contents.packages.push_back({"files", "", "", {}, {}, {}});
  for (ContentFile& file : contents.files) {
    file.package = owner_of(file.path, owners).value_or(found.size());
    add_to(contents.packages[file.package], file);
  }
}

void sort_packages(ImageContents& contents) {
  std::vector<std::size_t> order(contents.packages.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    return contents.packages[a].bytes.compressed_bytes > contents.packages[b].bytes.compressed_bytes;
  });
  std::vector<std::size_t> place(order.size());
  std::vector<ContentPackage> sorted;
  for (std::size_t i = 0; i < order.size(); ++i) {
    place[order[i]] = i;
    sorted.push_back(std::move(contents.packages[order[i]]));
  }
  contents.packages = std::move(sorted);
  for (ContentFile& file : contents.files) file.package = place[file.package];
}

void find_duplicates(ImageContents& contents) {
  std::map<std::pair<std::uint64_t, std::uint32_t>, std::vector<std::size_t>> same;
  for (std::size_t i = 0; i < contents.files.size(); ++i) {
    const ContentFile& file = contents.files[i];
    if (file.bytes.plain_bytes >= kSmallestDuplicate) same[{file.bytes.plain_bytes, file.crc32}].push_back(i);
  }
  for (auto& [content, files] : same) {
    if (files.size() > 1) contents.duplicates.push_back({content.first, std::move(files)});
  }
  std::ranges::stable_sort(contents.duplicates, std::ranges::greater(), &DuplicateFiles::wasted_bytes);
}

}  // namespace

ByteCount& ByteCount::operator+=(const ByteCount& other) {
  plain_bytes += other.plain_bytes;
  compressed_bytes += other.compressed_bytes;
  files += other.files;
  return *this;
}

ByteCount ImageContents::sum() const {
  ByteCount sum;
  for (const ContentFile& file : files) sum += file.bytes;
  return sum;
}

ByteCount ImageContents::of(FileCategory category) const {
  ByteCount sum;
  for (const ContentFile& file : files) {
    if (file.category == category) sum += file.bytes;
  }
  return sum;
}

ImageContents explain(const std::vector<LayerScan>& layers) {
  const Stack stack(layers);
  ImageContents contents = files_of(stack);
  const std::map<std::string, std::string_view> texts = stack.texts();
  assign_packages(contents, find_packages(texts));
  for (const auto& [path, text] : texts) contents.texts.emplace(path, text);
  sort_packages(contents);
  find_duplicates(contents);
  return contents;
}

}  // namespace mlbuild
