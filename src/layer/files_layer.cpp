#include "mlbuild/layer/files_layer.hpp"

#include "parent_directories.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/io/deflate.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/layer/layer_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace mlbuild {
namespace {

// Raise whenever the same files and parameters would give other bytes or other facts.
constexpr int kFilesLayerVersion = 1;

Error changed_while_read(const LayerFile& file) {
  return Error(ErrorKind::Step, fmt::format("`{}` changed while it was read", file.path)).hint("run the build again");
}

/// Exactly the content that was hashed when the build was planned; anything else is an error by the end at the latest.
class UnchangedSource final : public Source {
 public:
  UnchangedSource(const LayerFile& file, std::unique_ptr<Source> inner) : file_(file), inner_(std::move(inner)) {}
  std::size_t read(MutableByteSpan buffer) override {
    const std::size_t got = inner_->read(buffer);
    if (got == 0) throw changed_while_read(file_);  // the writer asks for the promised size only
    hash_.update(buffer.first(got));
    return got;
  }
  void check_end() {
    std::byte extra{};
    if (inner_->read(MutableByteSpan(&extra, 1)) != 0 || BlobDigest(hash_.finish()) != file_.digest) {
      throw changed_while_read(file_);
    }
  }

 private:
  const LayerFile& file_;
  std::unique_ptr<Source> inner_;
  Sha256 hash_;
};

void check_file(const LayerFile& file) {
  if (const std::string why = why_unsafe_path(file.path); !why.empty()) {
    throw Error(ErrorKind::Spec, fmt::format("`{}` cannot be put into an image: {}", printable(file.path), why));
  }
  if (file.type == TarType::Hardlink) throw Error(ErrorKind::Internal, fmt::format("hard link `{}`", file.path));
}

/// Sorted by path, with the missing parents; a path given twice is refused.
std::map<std::string, LayerFile> with_parents(const std::vector<LayerFile>& files) {
  std::map<std::string, LayerFile> sorted;
  std::set<std::string, std::less<>> directories;
  for (const LayerFile& file : files) {
    check_file(file);
    if (!sorted.emplace(file.path, file).second) {
      throw Error(ErrorKind::Spec, fmt::format("two files for `{}` in the image", file.path));
    }
    add_parent_directories(file.path, directories);
  }
  for (const std::string& path : directories) {
    LayerFile directory;
    directory.path = path;
    directory.type = TarType::Directory;
    const auto [place, is_new] = sorted.emplace(path, directory);
    if (!is_new && place->second.type != TarType::Directory) {
      throw Error(ErrorKind::Spec, fmt::format("`{}` is a file and a directory in the image", path));
    }
  }
  return sorted;
}

TarEntry tar_entry(const LayerFile& file, const FilesLayerParameters& parameters) {
  if (file.type == TarType::Directory)
    return directory_entry(file.path, parameters.epoch_seconds, parameters.base_directories);
  TarEntry entry;
  entry.path = file.path;
  entry.type = file.type;
  entry.mode = file.executable ? 0755 : 0644;
  if (file.type == TarType::Symlink) entry.mode = 0777;  // what every tool shows for a link
  entry.mtime_seconds = parameters.epoch_seconds;
  entry.size_bytes = file.type == TarType::File ? file.size_bytes : 0;
  entry.link_target = file.link_target;
  return entry;
}

void add_content(LayerWriter& writer, const LayerFile& file, const FilesLayerParameters& parameters,
                 const FileOpener& open) {
  UnchangedSource content(file, open(file));
  writer.add_file(tar_entry(file, parameters), content);
  content.check_end();
}

std::string card_value(const LayerFile& file) {
  switch (file.type) {
    case TarType::Directory:
      return "directory";
    case TarType::Symlink:
      return "link to " + file.link_target;
    default:
      return fmt::format("{} {} bytes{}", file.digest.to_string(), file.size_bytes,
                         file.executable ? " executable" : "");
  }
}

}  // namespace

FilesLayerRecipe::FilesLayerRecipe(std::vector<LayerFile> files, FilesLayerParameters parameters, FileOpener open)
    : files_(std::move(files)), parameters_(std::move(parameters)), open_(std::move(open)) {
  with_parents(files_);  // refuses bad paths before they reach a card
}

KeyCard FilesLayerRecipe::card() const {
  std::set<std::string, std::less<>> implied;  // directories that are there with or without being named
  for (const LayerFile& file : files_) add_parent_directories(file.path, implied);
  KeyCard card(kFilesLayerKind, kFilesLayerVersion);
  BaseDirectories repeated = parameters_.base_directories;
  std::erase_if(repeated, [&](const auto& directory) { return !implied.contains(directory.first); });
  for (const LayerFile& file : files_) {
    if (implied.contains(file.path)) continue;
    card.set("file " + file.path, card_value(file));
    const auto below = parameters_.base_directories.find(file.path);
    if (file.type == TarType::Directory && below != parameters_.base_directories.end()) repeated.insert(*below);
  }
  add_base_directories(card, repeated);
  card.set("label", parameters_.label)
      .set("epoch seconds", std::to_string(parameters_.epoch_seconds))
      .set("deflate level", std::to_string(parameters_.deflate_level))
      .set("deflater", Deflater::version())
      .set("layer format", std::to_string(kLayerFormatVersion));
  return card;
}

LayerFacts FilesLayerRecipe::write(BlobStore&, LayerSink& out) const {
  LayerWriter writer(out, parameters_.deflate_level);
  LayerPackage package{"files", parameters_.label, "", 0, 0};
  for (const auto& [path, file] : with_parents(files_)) {
    if (file.type == TarType::File) {
      add_content(writer, file, parameters_, open_);
      package.plain_size_bytes += file.size_bytes;
    } else {
      writer.add(tar_entry(file, parameters_));
    }
  }
  LayerFacts facts = writer.finish();
  package.compressed_size_bytes = facts.size_bytes;
  facts.packages.push_back(std::move(package));
  return facts;
}

}  // namespace mlbuild
