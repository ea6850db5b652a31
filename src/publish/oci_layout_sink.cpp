// Blobs are written first, each under its digest by rename; index.json last. So an interrupted run leaves a valid
// layout whose finished blobs the next run finds.

#include "layout_directory.hpp"
#include "layout_index.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/publish/image_name.hpp"
#include "mlbuild/publish/sink.hpp"

#include <fmt/format.h>

#include <set>

namespace mlbuild {
namespace {

/// Writes the blobs of one put().
class LayoutRun {
 public:
  LayoutRun(const LayoutDirectory& layout, BlobStore& store, const CopyControl& control, PublishResult& result)
      : layout_(layout), store_(store), control_(control), result_(result) {}

  void put(const Image& image) {
    for (const ImageLayer& layer : image.layers) put_layer(layer);
    put_json(image.config.digest, image.config_json);
    put_json(image.manifest.digest, image.manifest_json);
  }

  void put_json(const BlobDigest& digest, std::string_view json) {
    if (is_done(digest, json.size())) return;
    layout_.write_blob(digest, json);
    control_.moved(json.size());
    result_.written_bytes += json.size();
  }

 private:
  void put_layer(const ImageLayer& layer) {
    const LayerFacts& facts = layer.facts;
    if (is_done(facts.digest, facts.size_bytes)) return;
    with_context([&] { return fmt::format("writing layer `{}`", layer.created_by); },
                 [&] { layout_.write_blob(facts.digest, facts.size_bytes, store_, control_); });
    result_.written_bytes += facts.size_bytes;
  }

  /// Written in this run already, or there from an earlier one.
  bool is_done(const BlobDigest& digest, std::uint64_t size_bytes) {
    control_.cancellation.check();
    if (!done_.insert(digest).second) return true;
    if (!layout_.has_blob(digest, size_bytes)) return false;
    result_.reused_bytes += size_bytes;
    control_.moved(size_bytes);
    return true;
  }

  const LayoutDirectory& layout_;
  BlobStore& store_;
  const CopyControl& control_;
  PublishResult& result_;
  std::set<BlobDigest> done_;
};

class OciLayoutSink final : public ImageSink {
 public:
  explicit OciLayoutSink(std::filesystem::path directory) : directory_(std::move(directory)) {}

  PublishResult put(const ImageSet& set, const std::string& tag, BlobStore& store,
                    const std::function<void(std::uint64_t)>& on_bytes, const Cancellation& cancellation) override {
    if (set.images().empty()) throw Error(ErrorKind::Internal, "no image to write");
    const std::string ref_name = tag.empty() ? "" : image_name(tag).tag;
    const LayoutDirectory layout(directory_);
    const CopyControl control{on_bytes, cancellation};
    PublishResult result;
    result.where = "oci:" + directory_.string();
    LayoutRun run(layout, store, control, result);
    for (const Image& image : set.images()) run.put(image);
    const TopManifest top = set.top();
    if (set.has_index()) run.put_json(top.descriptor.digest, top.json);
    result.digest = top.descriptor.digest;
    name_image(layout, top.descriptor, ref_name);
    return result;
  }

 private:
  void name_image(const LayoutDirectory& layout, const oci::Descriptor& top, const std::string& ref_name) const {
    with_context([&] { return fmt::format("adding the image to `{}/index.json`", directory_.string()); },
                 [&] {
                   const std::string before = layout.read_index();
                   const std::string after = with_image(before, top, ref_name);
                   if (after != before) layout.write_index(after);
                 });
  }

  std::filesystem::path directory_;
};

}  // namespace

std::unique_ptr<ImageSink> make_oci_layout_sink(std::filesystem::path directory) {
  return std::make_unique<OciLayoutSink>(std::move(directory));
}

}  // namespace mlbuild
