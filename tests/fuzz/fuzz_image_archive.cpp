#include "fuzz_support.hpp"

#include "mlbuild/pull/base_source.hpp"
#include "mlbuild/sys/file.hpp"

#include <algorithm>
#include <fstream>

// A file, because the archive is read in place.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mlbuild;
  const TempDir directory({}, "mlbuild-fuzz-");
  const std::filesystem::path file = directory.path() / "image.tar";
  const std::string_view text = as_text(fuzz::input_bytes(data, size));
  std::ofstream(file, std::ios::binary) << text;
  return fuzz::expect_value_or_error([&] {
    const oci::Platform platform{"linux", "amd64", ""};
    const std::unique_ptr<BaseSource> source = open_archive_image(file);
    const PulledImage image = source->read_image(platform);
    fuzz::require(image.manifest == source->read_digest(platform));
    fuzz::require(image.layers.size() == image.config.diff_ids.size());
    for (std::size_t i = 0; i < std::min<std::size_t>(image.layers.size(), 4); ++i) {
      read_all(*source->open_layer(i, image.layers[i]), size);
    }
  });
}
