#include "publish/image_builder.hpp"

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/io/deflate.hpp"
#include "mlbuild/io/sha256.hpp"

#include <set>

namespace mlbuild::test {
namespace {

void append_entry(std::string& tar, const std::string& path, TarType type, const std::string& content) {
  TarEntry entry;
  entry.path = path;
  entry.type = type;
  entry.mode = type == TarType::Directory ? 0755 : 0644;
  entry.size_bytes = content.size();
  tar += tar_header(entry) + content + std::string(tar_padding_bytes(content.size()), '\0');
}

std::string tar_of(const std::map<std::string, std::string>& files) {
  std::string tar;
  std::set<std::string> directories;
  for (const auto& [path, content] : files) {
    for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
      if (directories.insert(path.substr(0, slash)).second)
        append_entry(tar, path.substr(0, slash), TarType::Directory, "");
    }
    append_entry(tar, path, TarType::File, content);
  }
  return tar + std::string(as_text(tar_end_of_archive()));
}

}  // namespace

ImageLayer make_layer_of(BlobStore& store, const std::map<std::string, std::string>& files,
                         const std::string& created_by) {
  const std::string tar = tar_of(files);
  // Two members, as the layers that mlbuild makes have many: readers must take them as one stream.
  Deflater deflater(6);
  const std::unique_ptr<BlobWriter> blob = store.begin();
  Bytes gzip = deflater.gzip_member(as_bytes(tar).first(700));
  const Bytes rest = deflater.gzip_member(as_bytes(tar).subspan(700));
  gzip.insert(gzip.end(), rest.begin(), rest.end());
  blob->write(gzip);
  ImageLayer layer;
  layer.facts.media_type = oci::kLayerGzipMediaType;
  layer.facts.digest = blob->commit();
  layer.facts.size_bytes = gzip.size();
  layer.facts.diff_id = DiffId(sha256(tar));
  layer.facts.plain_size_bytes = tar.size();
  layer.key = StepKey(sha256(created_by));
  layer.created_by = created_by;
  return layer;
}

Image make_tiny_image(BlobStore& store, const std::string& architecture) {
  RunConfig config;
  config.entrypoint = {"/app/main.py"};
  config.user = "1000:1000";
  config.workdir = "/app";
  const std::vector<ImageLayer> layers{make_layer_of(store, {{"etc/hello", "hello " + architecture + "\n"}}, "base"),
                                       make_layer_of(store, {{"app/main.py", "print('hi')\n"}}, "app")};
  return compose_image(layers, config, oci::Platform{"linux", architecture, ""}, 315532800);
}

}  // namespace mlbuild::test
