#include "base_probe.hpp"

#include "base_debian.hpp"
#include "base_python.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/path_parts.hpp"
#include "mlbuild/io/borrowed_source.hpp"
#include "mlbuild/io/deflate.hpp"
#include "mlbuild/io/sha256.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace mlbuild {
namespace {

constexpr std::ptrdiff_t kLevels = 3;
constexpr std::size_t kMaxDirectories = 10'000;
constexpr std::uint64_t kMaxPlainBytes = std::uint64_t{64} << 30U;  // of a layer: no bomb is read to its end

/// Hashes and counts what passes.
class MeasuringSource final : public Source {
 public:
  explicit MeasuringSource(Source& inner) : inner_(inner) {}
  std::size_t read(MutableByteSpan buffer) override {
    const std::size_t count = inner_.read(buffer);
    hash_.update(buffer.first(count));
    size_bytes_ += count;
    if (size_bytes_ > kMaxPlainBytes) throw Error(ErrorKind::Foreign, "a layer of the base is absurdly large");
    return count;
  }
  DiffId diff_id() { return DiffId(hash_.finish()); }
  std::uint64_t size_bytes() const { return size_bytes_; }

 private:
  Source& inner_;
  Sha256 hash_;
  std::uint64_t size_bytes_ = 0;
};

LockedBaseLayer read_layer(Source& compressed, const oci::Descriptor& blob, const DiffId& diff_id, BaseTree& tree,
                           const Cancellation& cancellation) {
  const std::unique_ptr<Source> plain = decompress(std::make_unique<BorrowedSource>(compressed));
  MeasuringSource tar(*plain);
  tree.add_layer(tar, [&] { cancellation.check(); });
  NullSink rest;
  copy(tar, rest);
  copy(compressed, rest);  // to the end, where the digest is checked
  if (tar.diff_id() != diff_id) {
    throw Error(ErrorKind::Foreign, "the layer unpacks to other bytes than the image's config says");
  }
  return {blob, diff_id, tar.size_bytes()};
}

/// Directories of unusual mode or owner: the uppermost ones, where applications lie, and the way to the places of
/// Python packages. All of them would be thousands in a base whose Python belongs to an ordinary user.
BaseDirectories unusual_directories(const BaseTree& tree, const std::optional<LockedInterpreter>& interpreter) {
  std::set<std::string> on_the_way;
  if (interpreter) {
    const LockedScheme& scheme = *interpreter->scheme;
    for (const std::string& place : {scheme.purelib, scheme.platlib, scheme.scripts, scheme.headers, scheme.data}) {
      for (std::string_view at = place; !at.empty(); at = parent_of(at)) on_the_way.emplace(at);
    }
  }
  BaseDirectories directories;
  for (const auto& [path, node] : tree.nodes()) {
    if (node.type != TarType::Directory || node.directory == DirectoryAttributes{}) continue;
    if (std::ranges::count(path, '/') < kLevels || on_the_way.contains(path)) directories.emplace(path, node.directory);
    if (directories.size() > kMaxDirectories)
      throw Error(ErrorKind::Foreign, "the base has too many directories of unusual mode or owner");
  }
  return directories;
}

}  // namespace

ReadLayers read_base_layers(BaseSource& source, const PulledImage& image, const Cancellation& cancellation,
                            const std::function<void(const std::string&)>& on_activity) {
  ReadLayers result;
  for (std::size_t i = 0; i < image.layers.size(); ++i) {
    cancellation.check();
    on_activity(fmt::format("reading base layer {}/{}", i + 1, image.layers.size()));
    with_context(
        [&] {
          return fmt::format("reading base layer {}/{} {}", i + 1, image.layers.size(),
                             image.layers[i].digest.to_string());
        },
        [&] {
          const std::unique_ptr<Source> layer = source.open_layer(i, image.layers[i]);
          result.layers.push_back(
              read_layer(*layer, image.layers[i], image.config.diff_ids[i], result.tree, cancellation));
        });
  }
  return result;
}

BaseFacts base_facts(const BaseTree& tree, const oci::ImageConfig& config, const oci::Platform& platform) {
  BaseFacts facts;
  facts.debian = read_base_debian(tree, platform);
  const FoundPython python = find_base_python(tree, config, platform, facts.debian);
  facts.interpreter = python.interpreter;
  facts.without = python.without;
  if (facts.interpreter) facts.projects = base_projects(tree, *facts.interpreter->scheme);
  facts.directories = unusual_directories(tree, facts.interpreter);
  return facts;
}

}  // namespace mlbuild
