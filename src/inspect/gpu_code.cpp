#include "mlbuild/inspect/gpu_code.hpp"

#include "image_tree.hpp"

#include <algorithm>
#include <charconv>
#include <map>

namespace mlbuild {
namespace {

unsigned number(std::string_view text) {
  unsigned value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

const ContentFile* file_at(const std::string& path, const ImageContents& contents) {
  const auto file = std::ranges::lower_bound(contents.files, path, {}, &ContentFile::path);
  return file == contents.files.end() || file->path != path ? nullptr : &*file;
}

std::string label_of(const ContentPackage& package) {
  return package.name.empty() ? "" : package.kind + " " + package.name + " " + package.version;
}

}  // namespace

bool runs_on(const std::vector<std::string>& code, const std::string& capability) {
  const unsigned wanted = number(capability);
  return std::ranges::any_of(code, [&](const std::string& one) {
    const unsigned has = number(std::string_view(one).substr(one.find('_') + 1));
    if (has > wanted) return false;
    return one.starts_with("compute_") || has / 10 == wanted / 10;
  });
}

std::vector<GpuCode> find_gpu_code(const std::vector<LayerScan>& layers, const ImageContents& contents,
                                   const std::vector<std::string>& wanted) {
  const ImageTree tree(layers);
  std::map<std::size_t, const ContentFile*> largest;  // by package
  for (const auto& [path, object] : tree.objects()) {
    const ContentFile* file = file_at(path, contents);
    if (object->gpu_code.empty() || file == nullptr) continue;
    const ContentFile*& known = largest[file->package];
    if (known == nullptr || known->bytes.plain_bytes < file->bytes.plain_bytes) known = file;
  }
  std::vector<GpuCode> found;
  for (const auto& [package, file] : largest) {
    GpuCode gpu{label_of(contents.packages[package]), file->path, tree.object(file->path)->gpu_code, {}};
    for (const std::string& capability : wanted) {
      if (!runs_on(gpu.code, capability)) gpu.missing.push_back(capability);
    }
    found.push_back(std::move(gpu));
  }
  return found;
}

}  // namespace mlbuild
