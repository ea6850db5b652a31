#include "docker_archive.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/publish/sink.hpp"
#include "mlbuild/sys/atomic_file.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

namespace mlbuild {
namespace {

constexpr const char* kHolder = "a docker archive holds";

/// Where the archive really goes. A rename would replace a link instead of what it names, and a device by a file.
std::filesystem::path archive_file(const std::filesystem::path& file) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const fs::path target = fs::is_symlink(file, ignored) ? fs::weakly_canonical(file, ignored) : file;
  const fs::file_status status = fs::status(target, ignored);
  if (!fs::exists(status) || fs::is_regular_file(status)) return target;
  throw Error(ErrorKind::Usage,
              fmt::format("`{}` is {}", file.string(), fs::is_directory(status) ? "a directory" : "no regular file"))
      .hint("name the file that the archive shall be, e.g. `docker:out/image.tar`");
}

class DockerArchiveSink final : public ImageSink {
 public:
  explicit DockerArchiveSink(std::filesystem::path file) : file_(std::move(file)) {}

  void check(std::size_t image_count) const override { check_single_image(image_count, kHolder); }

  PublishResult put(const ImageSet& set, const std::string& tag, BlobStore& store,
                    const std::function<void(std::uint64_t)>& on_bytes, const Cancellation& cancellation) override {
    const Image& image = single_image(set, kHolder);
    const DockerArchive archive(image, tag);
    const CopyControl control{on_bytes, cancellation};
    const std::filesystem::path target = archive_file(file_);
    remove_abandoned_files(target.has_parent_path() ? target.parent_path() : ".");
    AtomicFile file(target);
    const std::uint64_t written_bytes = copy(*archive.open(store, control), file);
    file.commit();
    return {"docker:" + file_.string(), image.manifest.digest, written_bytes, 0};
  }

 private:
  std::filesystem::path file_;
};

}  // namespace

std::unique_ptr<ImageSink> make_docker_archive_sink(std::filesystem::path file) {
  archive_file(file);  // what cannot be written is told before any work
  return std::make_unique<DockerArchiveSink>(std::move(file));
}

}  // namespace mlbuild
