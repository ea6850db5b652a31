#include "registry_push.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/publish/image_name.hpp"
#include "mlbuild/publish/sink.hpp"

#include <memory>
#include <mutex>

namespace mlbuild {
namespace {

class RegistrySink final : public ImageSink {
 public:
  RegistrySink(oci::Reference where, std::vector<std::string> more_tags, const RegistryAccess& access)
      : where_(std::move(where)), more_tags_(std::move(more_tags)), access_(access) {}

  void prepare(const ImageLayer& layer, const std::string& tag, BlobStore& store,
               const Cancellation& cancellation) override {
    push(cancellation).begin_early(layer, name_with(tag).tag, store);
  }

  void check_prepared() override {
    const std::scoped_lock guard(mutex_);
    if (push_) push_->check_early();
  }

  PublishResult put(const ImageSet& set, const std::string& tag, BlobStore& store,
                    const std::function<void(std::uint64_t)>& on_bytes, const Cancellation& cancellation) override {
    if (set.images().empty()) throw Error(ErrorKind::Internal, "no image to push");
    const oci::Reference name = name_with(tag);
    std::vector<std::string> tags{name.tag};
    tags.insert(tags.end(), more_tags_.begin(), more_tags_.end());
    PublishResult result;
    result.where = name.to_string();
    result.digest = push(cancellation).push(set, tags, store, on_bytes);
    result.written_bytes = push_->sent_bytes();
    result.reused_bytes = push_->reused_bytes();
    push_.reset();  // what was known may not hold for another push
    return result;
  }

 private:
  oci::Reference name_with(const std::string& tag) const {
    oci::Reference name = where_;
    if (name.tag.empty()) name.tag = tag.empty() ? "latest" : image_name(tag).tag;
    return name;
  }

  RegistryPush& push(const Cancellation& cancellation) {
    const std::scoped_lock guard(mutex_);
    if (push_) return *push_;
    client_ = access_.client ? access_.client
                             : std::make_shared<RegistryClient>(where_.host, access_.http, access_.credentials,
                                                                cancellation, access_.options);
    const MountSources mount_from{access_.mount_from, access_.places_of};
    push_ =
        std::make_unique<RegistryPush>(*client_, where_.repository, mount_from, access_.options.parallel, cancellation);
    return *push_;
  }

  const oci::Reference where_;
  const std::vector<std::string> more_tags_;
  const RegistryAccess access_;
  std::mutex mutex_;
  std::shared_ptr<RegistryClient> client_;  // shared with whoever else talks to the registry: see RegistryAccess
  std::unique_ptr<RegistryPush> push_;
};

}  // namespace

std::unique_ptr<ImageSink> make_registry_sink(oci::Reference where, std::vector<std::string> more_tags,
                                              const RegistryAccess& access) {
  return std::make_unique<RegistrySink>(std::move(where), std::move(more_tags), access);
}

}  // namespace mlbuild
