#include "blob_copy.hpp"
#include "image_name.hpp"
#include "registry_push.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/publish/sink.hpp"

#include <fmt/format.h>

namespace mlbuild {
namespace {

class RegistrySink final : public ImageSink {
 public:
  RegistrySink(oci::Reference where, std::vector<std::string> more_tags, const RegistryAccess& access)
      : where_(std::move(where)), more_tags_(std::move(more_tags)), access_(access) {}

  PublishResult put(const std::vector<Image>& images, const std::string& tag, BlobStore& store,
                    const std::function<void(std::uint64_t)>& on_bytes, const Cancellation& cancellation) override {
    if (images.empty()) throw Error(ErrorKind::Internal, "no image to push");
    oci::Reference name = where_;
    if (name.tag.empty()) name.tag = tag.empty() ? "latest" : image_name(tag).tag;
    std::vector<std::string> tags{name.tag};
    tags.insert(tags.end(), more_tags_.begin(), more_tags_.end());
    RegistryClient client(name.host, access_.http, access_.credentials, cancellation, access_.options);
    const CopyControl control{on_bytes, cancellation};
    RegistryPush push(client, name.repository, access_.mount_from, access_.options.parallel, store, control,
                      access_.base_repository);
    PublishResult result;
    result.where = name.to_string();
    result.digest = push.push(images, tags);
    result.written_bytes = push.sent_bytes();
    result.reused_bytes = push.reused_bytes();
    return result;
  }

 private:
  const oci::Reference where_;
  const std::vector<std::string> more_tags_;
  const RegistryAccess access_;
};

}  // namespace

std::unique_ptr<ImageSink> make_registry_sink(oci::Reference where, std::vector<std::string> more_tags,
                                              const RegistryAccess& access) {
  return std::make_unique<RegistrySink>(std::move(where), std::move(more_tags), access);
}

}  // namespace mlbuild
