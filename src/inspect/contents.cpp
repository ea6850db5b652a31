#include "mlbuild/inspect/contents.hpp"

#include "ownership.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

namespace mlbuild {
namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";
constexpr std::uint64_t kSmallestDuplicate = 4096;

ByteCount bytes_of(const ScannedEntry& entry) { return {entry.size_bytes, entry.compressed_size_bytes, 1}; }

std::string_view parent_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

std::string_view name_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

/// What the layers above the one at hand hide of it, looked at from the top down.
class Cover {
 public:
  bool hides(std::string_view path) const {
    if (taken_.contains(path) || gone_.contains(path)) return true;
    for (std::string_view at = parent_of(path);; at = parent_of(at)) {
      if (gone_.contains(at)) return true;
      if (at.empty()) return false;
    }
  }
  /// Adds what `layer` hides of those below it.
  void add(const LayerScan& layer) {
    for (const ScannedEntry& entry : layer.entries) add_entry(entry);
  }

 private:
  void add_entry(const ScannedEntry& entry) {
    const std::string_view name = name_of(entry.path);
    const std::string_view directory = parent_of(entry.path);
    if (name == kOpaque) {
      gone_.insert(directory);
    } else if (name.starts_with(kWhiteout)) {
      const std::string_view hidden = name.substr(kWhiteout.size());
      gone_.insert(
          *whiteouts_
               .insert(directory.empty() ? std::string(hidden) : std::string(directory).append("/").append(hidden))
               .first);
    } else {
      taken_.insert(entry.path);
      if (entry.type != TarType::Directory) gone_.insert(entry.path);
    }
  }

  std::set<std::string> whiteouts_;   // own the names that no entry has
  std::set<std::string_view> taken_;  // paths
  std::set<std::string_view> gone_;   // paths with all that is below them
};

/// The image as it is seen, with who hides what.
class Stack {
 public:
  explicit Stack(const std::vector<LayerScan>& layers) : layers_(layers), hidden_(layers.size()) {
    Cover cover;
    for (std::size_t i = layers.size(); i-- > 0;) {
      add_layer(i, cover);
      cover.add(layers[i]);
    }
  }

  struct Seen {
    const ScannedEntry* entry;
    std::size_t layer;
  };
  const std::map<std::string_view, Seen>& seen() const { return seen_; }
  const std::vector<ByteCount>& hidden() const { return hidden_; }

  std::map<std::string, std::string_view> texts() const {
    std::map<std::string, std::string_view> texts;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      for (const auto& [path, text] : layers_[i].texts) {
        const auto found = seen_.find(path);
        if (found != seen_.end() && found->second.layer == i) texts.insert_or_assign(path, std::string_view(text));
      }
    }
    return texts;
  }

 private:
  void add_layer(std::size_t number, const Cover& cover) {
    for (const ScannedEntry& entry : layers_[number].entries) {
      if (entry.type != TarType::File || name_of(entry.path).starts_with(kWhiteout)) continue;
      if (cover.hides(entry.path)) {
        hidden_[number] += bytes_of(entry);
      } else {
        add_file(entry, number);
      }
    }
  }

  /// The last entry of a path within a layer is the one that is seen.
  void add_file(const ScannedEntry& entry, std::size_t number) {
    const auto [at, is_new] = seen_.try_emplace(entry.path, Seen{&entry, number});
    if (is_new) return;
    hidden_[number] += bytes_of(*at->second.entry);
    at->second = {&entry, number};
  }

  const std::vector<LayerScan>& layers_;
  std::vector<ByteCount> hidden_;
  std::map<std::string_view, Seen> seen_;
};

ImageContents files_of(const Stack& stack) {
  ImageContents contents;
  contents.hidden = stack.hidden();
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

/// Gives every file to a package; the last one has what belongs to none.
void assign_packages(ImageContents& contents, const std::vector<FoundPackage>& found) {
  std::unordered_map<std::string_view, std::size_t> owners;
  for (std::size_t i = 0; i < found.size(); ++i) {
    contents.packages.push_back({found[i].kind, found[i].name, found[i].version, {}, {}});
    for (const std::string& path : found[i].paths) owners.try_emplace(path, i);
  }
  contents.packages.push_back({"files", "", "", {}, {}});
  for (ContentFile& file : contents.files) {
    const auto owner = owners.find(file.path);
    file.package = owner == owners.end() ? found.size() : owner->second;
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
