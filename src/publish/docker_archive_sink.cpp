#include "docker_archive.hpp"

#include "mlbuild/publish/sink.hpp"
#include "mlbuild/sys/atomic_file.hpp"

namespace mlbuild {
namespace {

class DockerArchiveSink final : public ImageSink {
 public:
  explicit DockerArchiveSink(std::filesystem::path file) : file_(std::move(file)) {}

  PublishResult put(const std::vector<Image>& images, const std::string& tag, BlobStore& store,
                    const std::function<void(std::uint64_t)>& on_bytes, const Cancellation& cancellation) override {
    const Image& image = single_image(images, "a docker archive holds");
    const DockerArchive archive(image, tag);
    const CopyControl control{on_bytes, cancellation};
    AtomicFile file(file_);
    const std::uint64_t written_bytes = copy(*archive.open(store, control), file);
    file.commit();
    return {"docker:" + file_.string(), image.manifest.digest, written_bytes, 0};
  }

 private:
  std::filesystem::path file_;
};

}  // namespace

std::unique_ptr<ImageSink> make_docker_archive_sink(std::filesystem::path file) {
  return std::make_unique<DockerArchiveSink>(std::move(file));
}

}  // namespace mlbuild
