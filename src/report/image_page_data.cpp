// The page's data: columns instead of objects, since an image has 100,000 files, and only the largest of them by name.

#include "findings_value.hpp"
#include "waste.hpp"

#include "mlbuild/base/path_parts.hpp"
#include "mlbuild/report/image_page.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <string_view>
#include <tuple>
#include <unordered_map>

namespace mlbuild {
namespace {

using nlohmann::json;

constexpr std::size_t kShownPaths = 10;  // of files with the same content

json value_of(const ByteCount& bytes) {
  return {{"plain", bytes.plain_bytes}, {"compressed", bytes.compressed_bytes}, {"files", bytes.files}};
}

/// The largest directories, each after the one that it is in; number 0 is the root.
class Directories {
 public:
  Directories(const ImageContents& contents, std::size_t limit) {
    std::unordered_map<std::string_view, std::uint64_t> sizes;
    for (const ContentFile& file : contents.files) {
      for (std::string_view at = parent_of(file.path); !at.empty(); at = parent_of(at)) {
        sizes[at] += file.bytes.compressed_bytes + file.bytes.plain_bytes;
      }
    }
    std::vector<std::pair<std::string_view, std::uint64_t>> largest(sizes.begin(), sizes.end());
    // A directory is no larger than the one it is in, and its name is longer: parents come first.
    std::ranges::sort(largest, [](const auto& a, const auto& b) {
      return std::tuple(b.second, a.first.size(), a.first) < std::tuple(a.second, b.first.size(), b.first);
    });
    if (largest.size() > limit) largest.resize(limit);
    numbers_.emplace("", 0);
    for (const auto& [path, size] : largest) add(path);
  }

  /// The nearest one that is kept.
  std::size_t of(std::string_view path) const {
    std::string_view at = parent_of(path);
    while (!numbers_.contains(at)) at = parent_of(at);
    return numbers_.at(at);
  }
  std::string_view path(std::size_t number) const { return paths_[number]; }
  json value() const { return {{"parent", parents_}, {"name", names_}}; }

 private:
  void add(std::string_view path) {
    const std::string_view parent = parent_of(path);
    numbers_.emplace(path, names_.size());
    parents_.push_back(numbers_.at(parent));
    names_.emplace_back(parent.empty() ? path : path.substr(parent.size() + 1));
    paths_.push_back(path);
  }

  std::unordered_map<std::string_view, std::size_t> numbers_;
  std::vector<std::size_t> parents_{0};
  std::vector<std::string> names_{""};
  std::vector<std::string_view> paths_{""};
};

/// Files by name, then what is added up: an empty name and how many there are.
class Leaves {
 public:
  void add(std::size_t directory, std::string_view name, const ContentFile& file, const ByteCount& bytes) {
    directories_.push_back(directory);
    names_.emplace_back(name);
    counts_.push_back(bytes.files);
    plain_.push_back(bytes.plain_bytes);
    compressed_.push_back(bytes.compressed_bytes);
    layers_.push_back(file.layer);
    packages_.push_back(file.package);
    categories_.push_back(static_cast<int>(file.category));
  }
  json value() const {
    return {{"dir", directories_},       {"name", names_},   {"count", counts_},     {"plain", plain_},
            {"compressed", compressed_}, {"layer", layers_}, {"package", packages_}, {"category", categories_}};
  }

 private:
  std::vector<std::size_t> directories_, layers_, packages_;
  std::vector<std::string> names_;
  std::vector<std::uint64_t> counts_, plain_, compressed_;
  std::vector<int> categories_;
};

std::vector<std::size_t> by_size(const ImageContents& contents) {
  std::vector<std::size_t> order(contents.files.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::ranges::greater(),
                           [&](std::size_t i) { return contents.files[i].bytes.compressed_bytes; });
  return order;
}

void add_sums(Leaves& leaves, const ImageContents& contents, const Directories& directories,
              const std::vector<std::size_t>& small) {
  using Place = std::tuple<std::size_t, std::size_t, std::size_t, FileCategory>;
  std::map<Place, std::pair<const ContentFile*, ByteCount>> sums;
  for (const std::size_t i : small) {
    const ContentFile& file = contents.files[i];
    auto& [any, bytes] = sums[{directories.of(file.path), file.layer, file.package, file.category}];
    any = &file;
    bytes += file.bytes;
  }
  for (const auto& [place, sum] : sums) leaves.add(std::get<0>(place), "", *sum.first, sum.second);
}

void add_files(json& page, const ImageContents& contents, const PageLimits& limits) {
  const Directories directories(contents, limits.directories);
  std::vector<std::size_t> order = by_size(contents);
  const std::size_t shown = std::min(limits.files, order.size());
  Leaves leaves;
  for (std::size_t i = 0; i < shown; ++i) {
    const ContentFile& file = contents.files[order[i]];
    const std::size_t directory = directories.of(file.path);
    const std::string_view above = directories.path(directory);
    leaves.add(directory, std::string_view(file.path).substr(above.empty() ? 0 : above.size() + 1), file, file.bytes);
  }
  order.erase(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(shown));
  add_sums(leaves, contents, directories, order);
  page["dirs"] = directories.value();
  page["leaves"] = leaves.value();
  page["limits"] = {{"files_left_out", order.size()}};
}

json layers_value(const InspectedImage& image) {
  json layers = json::array();
  for (std::size_t i = 0; i < image.image.layers.size(); ++i) {
    const ImageLayer& layer = image.image.layers[i];
    layers.push_back({{"name", layer.created_by},
                      {"digest", layer.facts.digest.to_string()},
                      {"compressed", layer.facts.size_bytes},
                      {"plain", image.plain_layer_bytes[i]},
                      {"hidden", value_of(image.contents.hidden[i])}});
  }
  return layers;
}

json packages_value(const ImageContents& contents) {
  json packages = json::array();
  for (const ContentPackage& package : contents.packages) {
    json value = value_of(package.bytes);
    value["kind"] = package.kind;
    value["name"] = package.name;
    value["version"] = package.version;
    value["layers"] = package.layers;
    packages.push_back(std::move(value));
  }
  return packages;
}

json categories_value() {
  json names = json::array({category_name(FileCategory::Needed)});
  for (const FileCategory category : kDispensable) names.push_back(category_name(category));
  return names;
}

json waste_value(const ImageContents& contents) {
  json rows = json::array();
  for (const WasteRow& row : waste_rows(contents)) {
    json value = value_of(row.bytes);
    value["what"] = row.what;
    value["places"] = row.places;
    rows.push_back(std::move(value));
  }
  return rows;
}

json hidden_value(const ImageContents& contents, std::size_t limit) {
  json rows = json::array();
  const std::size_t shown = std::min(limit, contents.hidden_files.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const HiddenFile& file = contents.hidden_files[i];
    json value = value_of(file.bytes);
    value["path"] = file.path;
    value["layer"] = file.layer;
    value["by"] = file.by;
    value["deleted"] = file.is_deleted;
    rows.push_back(std::move(value));
  }
  return {{"rows", std::move(rows)}, {"left_out", contents.hidden_files.size() - shown}};
}

json duplicates_value(const ImageContents& contents, std::size_t limit) {
  json rows = json::array();
  const std::size_t shown = std::min(limit, contents.duplicates.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const DuplicateFiles& duplicate = contents.duplicates[i];
    json paths = json::array();
    for (std::size_t k = 0; k < std::min(kShownPaths, duplicate.files.size()); ++k)
      paths.push_back(contents.files[duplicate.files[k]].path);
    rows.push_back({{"size", duplicate.size_bytes},
                    {"wasted", duplicate.wasted_bytes()},
                    {"files", duplicate.files.size()},
                    {"paths", std::move(paths)}});
  }
  return {{"rows", std::move(rows)}, {"left_out", contents.duplicates.size() - shown}};
}

std::string_view change_name(FileChange::Kind kind) {
  if (kind == FileChange::Kind::Added) return "added";
  return kind == FileChange::Kind::Removed ? "removed" : "changed";
}

json compare_value(const InspectedImage& image, const ComparedImage& compared, std::size_t limit) {
  json packages = json::array(), files = json::array(), config = json::array();
  for (const PackageChange& change : compared.diff.packages) {
    packages.push_back({{"kind", change.kind},
                        {"name", change.name},
                        {"before_version", change.before_version},
                        {"after_version", change.after_version},
                        {"before", change.before.compressed_bytes},
                        {"after", change.after.compressed_bytes},
                        {"before_plain", change.before.plain_bytes},
                        {"after_plain", change.after.plain_bytes}});
  }
  const std::size_t shown = std::min(limit, compared.diff.files.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const FileChange& change = compared.diff.files[i];
    files.push_back({{"path", change.path},
                     {"change", change_name(change.kind)},
                     {"before", change.before_bytes},
                     {"after", change.after_bytes}});
  }
  for (const ConfigChange& change : compared.diff.config)
    config.push_back({{"name", change.name}, {"before", change.before}, {"after", change.after}});
  return {{"name", compared.before.name},
          {"digest", compared.before.image.manifest.digest.to_string()},
          {"compressed", compared.before.image.compressed_size_bytes()},
          {"same", compared.before.image.manifest.digest == image.image.manifest.digest},
          {"packages", std::move(packages)},
          {"files", std::move(files)},
          {"files_left_out", compared.diff.files.size() - shown},
          {"config", std::move(config)}};
}

}  // namespace

std::string image_page_json(const InspectedImage& image, const ComparedImage* compared,
                            const std::vector<Finding>& findings, const PageLimits& limits) {
  const std::uint64_t plain_bytes =
      std::accumulate(image.plain_layer_bytes.begin(), image.plain_layer_bytes.end(), std::uint64_t{0});
  json page{{"format", 1}};
  page["image"] = {{"name", image.name},
                   {"title", image.name},
                   {"digest", image.image.manifest.digest.to_string()},
                   {"platform", image.config.platform.to_string()},
                   {"compressed", image.image.compressed_size_bytes()},
                   {"plain", plain_bytes},
                   {"files", image.contents.files.size()}};
  page["layers"] = layers_value(image);
  page["packages"] = packages_value(image.contents);
  page["categories"] = categories_value();
  page["waste"] = waste_value(image.contents);
  page["hidden"] = hidden_value(image.contents, limits.hidden_files);
  page["duplicates"] = duplicates_value(image.contents, limits.duplicates);
  page["compare"] = compared == nullptr ? json() : compare_value(image, *compared, limits.changed_files);
  page["findings"] = findings_value(findings);
  add_files(page, image.contents, limits);
  return page.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace mlbuild
