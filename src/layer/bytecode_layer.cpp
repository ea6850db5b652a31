// Bytecode is the only content of an image, apart from wheels built from source, that a program has to make. The
// program is the image's own interpreter, in a sandbox, behind BytecodeCompiler; what comes back is brought to
// canonical form, so that the layer depends on sources and interpreter and not on how the work was divided or in which
// order it was done.
#include "mlbuild/layer/bytecode_layer.hpp"

#include "deb_content_pool.hpp"
#include "parent_directories.hpp"
#include "unpacked_deb.hpp"
#include "wheel_merge.hpp"

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/debian/merged_usr.hpp"
#include "mlbuild/io/deflate.hpp"
#include "mlbuild/layer/layer_writer.hpp"
#include "mlbuild/layer/unpacked_debs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace mlbuild {
namespace {

// Raise whenever the same inputs would give other bytes or other facts.
constexpr int kBytecodeLayerVersion = 1;
constexpr std::uint64_t kSourceLimitBytes = std::uint64_t{64} << 20U;
constexpr std::string_view kPackageKind = "bytecode";

/// What a layer's sources belong to: a wheel, or the standard library.
struct Owner {
  std::string name, version;
};

void add_parameters(KeyCard& card, const BytecodeLayerParameters& parameters) {
  card.set("interpreter", parameters.interpreter)
      .set("bytecode of", parameters.format.cache_tag)
      .set("canonical form", std::to_string(python::kCanonicalPycVersion))
      .set("epoch seconds", std::to_string(parameters.epoch_seconds))
      .set("deflate level", std::to_string(parameters.deflate_level))
      .set("deflater", Deflater::version())
      .set("layer format", std::to_string(kLayerFormatVersion));
}

class BytecodeLayer {
 public:
  BytecodeLayer(const BytecodeLayerParameters& parameters, const BaseDirectories& base_directories,
                std::vector<Owner> owners)
      : parameters_(parameters),
        base_directories_(base_directories),
        owners_(std::move(owners)),
        plain_bytes_(owners_.size()) {}

  /// `owner_of`: for each source the index of its owner.
  void compile(const PythonSources& sources, const std::vector<std::size_t>& owner_of, BytecodeCompiler& compiler) {
    compiler.compile(sources, [&](std::size_t index, std::optional<ByteSpan> pyc) {
      if (pyc) {
        add(sources.files.at(index).path, owner_of.at(index), *pyc);
      } else {
        ++left_out_;
      }
    });
  }

  LayerFacts write(LayerSink& out) {
    LayerWriter writer(out, parameters_.deflate_level);
    std::set<std::string, std::less<>> directories;
    for (const auto& [path, file] : files_) add_parent_directories(path, directories);
    auto directory = directories.begin();
    for (const auto& [path, file] : files_) {
      for (; directory != directories.end() && *directory < path; ++directory) {
        writer.add(directory_entry(*directory, parameters_.epoch_seconds, base_directories_));
      }
      writer.add_file(entry(path, file.size_bytes), *pool_.open(file.content));
    }
    LayerFacts facts = writer.finish();
    facts.sources_left_out = left_out_;
    facts.warnings.assign(warnings_.begin(), warnings_.end());
    add_packages(facts);
    return facts;
  }

 private:
  struct File {
    DebContentPool::Handle content = 0;
    std::uint64_t size_bytes = 0;
  };

  void add(const std::string& source_path, std::size_t owner, ByteSpan pyc) {
    std::string path = python::pyc_path(source_path, parameters_.format);
    if (!why_unsafe_path(path).empty()) {  // its name grew too long: Python makes no cache of it either
      ++left_out_;
      return;
    }
    Bytes canonical;
    try {
      canonical = python::canonical_pyc(pyc, parameters_.format);
    } catch (const Error& failure) {
      if (failure.kind() != ErrorKind::Foreign) throw;
      warnings_.insert(fmt::format("`{}` has no bytecode in the image: {}", source_path, failure.message()));
      ++left_out_;
      return;
    }
    File file;
    file.size_bytes = canonical.size();
    SpanSource bytes(canonical);
    file.content = pool_.add(bytes, canonical.size());
    plain_bytes_[owner] += canonical.size();
    files_.emplace(std::move(path), file);
  }

  TarEntry entry(const std::string& path, std::uint64_t size_bytes) const {
    TarEntry entry;
    entry.path = path;
    entry.mode = 0644;
    entry.mtime_seconds = parameters_.epoch_seconds;
    entry.size_bytes = size_bytes;
    return entry;
  }

  /// Gzip members hold files of several owners, so an owner's share of the compressed size is that of the plain one.
  void add_packages(LayerFacts& facts) const {
    std::uint64_t all_bytes = 0;
    for (const std::uint64_t bytes : plain_bytes_) all_bytes += bytes;
    for (std::size_t i = 0; i < owners_.size(); ++i) {
      const double share = all_bytes == 0 ? 0 : static_cast<double>(plain_bytes_[i]) / static_cast<double>(all_bytes);
      facts.packages.push_back({std::string(kPackageKind), owners_[i].name, owners_[i].version, plain_bytes_[i],
                                static_cast<std::uint64_t>(share * static_cast<double>(facts.size_bytes))});
    }
  }

  const BytecodeLayerParameters& parameters_;
  const BaseDirectories& base_directories_;
  const std::vector<Owner> owners_;
  std::vector<std::uint64_t> plain_bytes_;
  DebContentPool pool_;  // compiled in any order, written in path order
  std::map<std::string, File> files_;
  std::set<std::string> warnings_;
  std::uint64_t left_out_ = 0;
};

Bytes content_of(const InstalledFile& file) {
  if (file.member != nullptr) return read_zip_member(*file.wheel->file, *file.member, kSourceLimitBytes);
  const ByteSpan content = as_bytes(file.content);
  return {content.begin(), content.end()};
}

/// The files that need bytecode: sources whose bytecode no wheel brings.
std::vector<const InstalledFile*> sources_among(const std::vector<InstalledFile>& files,
                                                const python::PycFormat& format) {
  const auto has = [&](const std::string& path) {
    return std::ranges::binary_search(files, path, {}, &InstalledFile::path);
  };
  std::vector<const InstalledFile*> sources;
  for (const InstalledFile& file : files) {
    if (!file.path.ends_with(".py") || file.size_bytes > kSourceLimitBytes) continue;
    if (!has(python::pyc_path(file.path, format))) sources.push_back(&file);
  }
  return sources;
}

/// Sources of Debian packages, by path.
std::map<std::string, SpilledContent> sources_among(const std::vector<std::shared_ptr<const UnpackedDeb>>& packages,
                                                    const std::string& directory) {
  std::map<std::string, SpilledContent> sources;
  for (const auto& package : packages) {
    for (const UnpackedDeb::Entry& entry : package->entries) {
      const std::string path = debian::merged_usr_path(entry.tar.path);
      if (entry.tar.type != TarType::File || entry.tar.size_bytes > kSourceLimitBytes) continue;
      if (path.starts_with(directory + "/") && path.ends_with(".py")) sources.emplace(path, entry.content);
    }
  }
  return sources;
}

}  // namespace

WheelBytecodeRecipe::WheelBytecodeRecipe(std::vector<WheelInput> wheels, InstallScheme scheme,
                                         BytecodeLayerParameters parameters, std::shared_ptr<BytecodeCompiler> compiler)
    : wheels_(std::move(wheels)),
      scheme_(std::move(scheme)),
      parameters_(std::move(parameters)),
      compiler_(std::move(compiler)) {}

KeyCard WheelBytecodeRecipe::card() const {
  KeyCard card(kBytecodeLayerKind, kBytecodeLayerVersion);
  for (const WheelInput& wheel : wheels_) {
    const std::string project = python::normalize_name(python::WheelFilename::parse(wheel.filename).distribution);
    card.set("wheel " + project, fmt::format("{} {}", wheel.filename, wheel.digest.to_string()));
  }
  // A file's path is in its bytecode. Of scripts, so is a hash of the text, whose `#!` line names the interpreter.
  card.set("script interpreter", scheme_.interpreter)
      .set("python version", scheme_.python_version)
      .set("scheme purelib", scheme_.purelib)
      .set("scheme platlib", scheme_.platlib)
      .set("scheme scripts", scheme_.scripts)
      .set("scheme headers", scheme_.headers)
      .set("scheme data", scheme_.data);
  add_base_directories(card, scheme_.base_directories);
  if (parameters_.prune.any()) card.set("prune", parameters_.prune.canonical());
  add_parameters(card, parameters_);
  return card;
}

LayerFacts WheelBytecodeRecipe::write(BlobStore& blobs, LayerSink& out) const {
  std::vector<WheelArchive> wheels = open_wheels(wheels_, scheme_, blobs);
  const std::vector<InstalledFile> files = merge_files(wheels, scheme_, parameters_.prune);
  const std::vector<const InstalledFile*> chosen = sources_among(files, parameters_.format);
  std::vector<Owner> owners;
  for (const WheelArchive& wheel : wheels) {
    owners.push_back({python::normalize_name(wheel.metadata.name), wheel.metadata.version});
  }
  PythonSources sources;
  std::vector<std::size_t> owner_of;
  for (const InstalledFile* file : chosen) {
    sources.files.push_back({file->path, file->size_bytes});
    owner_of.push_back(static_cast<std::size_t>(file->wheel - wheels.data()));
  }
  sources.read = [&](std::size_t index) {
    return with_context([&] { return fmt::format("reading `{}`", chosen.at(index)->path); },
                        [&] { return content_of(*chosen.at(index)); });
  };
  BytecodeLayer layer(parameters_, scheme_.base_directories, std::move(owners));
  layer.compile(sources, owner_of, *compiler_);
  return layer.write(out);
}

LibraryBytecodeRecipe::LibraryBytecodeRecipe(std::vector<DebInput> packages, std::string directory,
                                             BytecodeLayerParameters parameters,
                                             std::shared_ptr<BytecodeCompiler> compiler,
                                             std::shared_ptr<UnpackedDebs> unpacked)
    : packages_(std::move(packages)),
      directory_(std::move(directory)),
      parameters_(std::move(parameters)),
      compiler_(std::move(compiler)),
      unpacked_(std::move(unpacked)) {
  std::ranges::sort(packages_, {}, &DebInput::name);
}

KeyCard LibraryBytecodeRecipe::card() const {
  KeyCard card(kBytecodeLayerKind, kBytecodeLayerVersion);
  for (const DebInput& package : packages_) {
    card.set("deb:" + package.name,
             fmt::format("{} {} {}", package.version, package.architecture, package.digest.to_string()));
  }
  card.set("directory", directory_);
  add_parameters(card, parameters_);
  return card;
}

LayerFacts LibraryBytecodeRecipe::write(BlobStore& blobs, LayerSink& out) const {
  const std::shared_ptr<UnpackedDebs> unpacked = unpacked_ ? unpacked_ : std::make_shared<UnpackedDebs>();
  const std::map<std::string, SpilledContent> contents = sources_among(unpacked->take(packages_, blobs), directory_);
  PythonSources sources;
  for (const auto& [path, content] : contents) sources.files.push_back({path, content.size_bytes});
  sources.read = [&](std::size_t index) {
    return read_all(*open_spilled(contents.at(sources.files.at(index).path)), kSourceLimitBytes);
  };
  const BaseDirectories usual;  // above and below the library of a base that mlbuild makes all are
  BytecodeLayer layer(parameters_, usual, {{"standard library", std::string(parameters_.format.version)}});
  layer.compile(sources, std::vector<std::size_t>(sources.files.size()), *compiler_);
  return layer.write(out);
}

}  // namespace mlbuild
