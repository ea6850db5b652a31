// A wheel is a zip of raw deflate streams with CRC-32 and size, a layer is a gzip file of a tar, and a gzip file may
// have any number of members (RFC 1952, 2.2): so the wheel's streams become members of the layer as they are, and
// nothing is compressed again. They are inflated once, because we promise the tar's digest and RECORD's hashes.
// docs/formats/layer.md.
#include "mlbuild/layer/wheel_layer.hpp"

#include "late_checks.hpp"
#include "member_hash.hpp"
#include "parent_directories.hpp"
#include "wheel_merge.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/deflate.hpp"
#include "mlbuild/layer/layer_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace mlbuild {
namespace {

// Raise whenever the same wheels and parameters would give other bytes or other facts.
constexpr int kWheelLayerVersion = 1;
constexpr std::uint16_t kDeflated = 8;

/// Passes a stored member on and hashes it.
class HashedSource final : public Source {
 public:
  HashedSource(Source& inner, ContentHash& hash) : inner_(inner), hash_(hash) {}
  std::size_t read(MutableByteSpan buffer) override {
    const std::size_t got = inner_.read(buffer);
    hash_.write(buffer.first(got));
    return got;
  }

 private:
  Source& inner_;
  ContentHash& hash_;
};

class WheelLayer {
 public:
  WheelLayer(const WheelLayerParameters& parameters, const LateChecks& reads, LayerSink& out)
      : parameters_(parameters), reads_(reads), writer_(out, parameters.deflate_level) {}

  LayerFacts write(const std::vector<WheelArchive>& wheels, const std::vector<InstalledFile>& files);

 private:
  TarEntry entry(const InstalledFile& file, std::uint64_t size_bytes) const;
  void add_directory(const std::string& path);
  void add_installed(const InstalledFile& file);
  void add_member(const InstalledFile& file);
  Digest add_deflated(const TarEntry& tar_entry, const InstalledFile& file);
  Digest add_stored(const TarEntry& tar_entry, const InstalledFile& file);

  const WheelLayerParameters& parameters_;
  const LateChecks& reads_;
  LayerWriter writer_;
  std::map<const WheelArchive*, LayerPackage> packages_;
};

TarEntry WheelLayer::entry(const InstalledFile& file, std::uint64_t size_bytes) const {
  TarEntry entry;
  entry.path = file.path;
  entry.mode = file.executable ? 0755 : 0644;
  entry.mtime_seconds = parameters_.epoch_seconds;
  entry.size_bytes = size_bytes;
  return entry;
}

void WheelLayer::add_directory(const std::string& path) {
  writer_.add(directory_entry(path, parameters_.epoch_seconds, parameters_.scheme.base_directories));
}

void WheelLayer::add_member(const InstalledFile& file) {
  const ZipMember& member = *file.member;
  const TarEntry tar_entry = entry(file, member.size_bytes);
  const Digest digest = member.method == kDeflated ? add_deflated(tar_entry, file) : add_stored(tar_entry, file);
  if (python::record_hash(digest) != file.hash) {
    throw Error(ErrorKind::Foreign, fmt::format("content of `{}` does not match RECORD", member.name))
        .hint("the wheel was changed after it was built; take another file of this release");
  }
}

Digest WheelLayer::add_deflated(const TarEntry& tar_entry, const InstalledFile& file) {
  const ZipMember& member = *file.member;
  const BlobDigest& wheel = file.wheel->input.digest;
  return writer_.add_deflated(tar_entry, {file.wheel->file.get(), wheel, member.data_offset,
                                          member.compressed_size_bytes, member.crc32, reads_.check_of(wheel)});
}

Digest WheelLayer::add_stored(const TarEntry& tar_entry, const InstalledFile& file) {
  const ZipMember& member = *file.member;
  RangeSource raw(*file.wheel->file, member.data_offset, member.compressed_size_bytes);
  ContentHash hash;
  HashedSource hashed(raw, hash);
  writer_.add_file(tar_entry, hashed);
  if (hash.crc() != member.crc32) {
    throw Error(ErrorKind::Foreign, fmt::format("content of `{}` does not match its CRC-32", member.name));
  }
  return hash.digest();
}

void WheelLayer::add_installed(const InstalledFile& file) {
  const std::uint64_t before_bytes = writer_.compressed_size_bytes();
  if (file.member != nullptr) {
    with_context(
        [&] { return fmt::format("reading `{}` of wheel `{}`", file.member->name, file.wheel->input.filename); },
        [&] { add_member(file); });
  } else {
    writer_.add_file(entry(file, file.content.size()), as_bytes(file.content));
  }
  LayerPackage& package = packages_[file.wheel];
  package.plain_size_bytes += file.size_bytes;
  package.compressed_size_bytes += writer_.compressed_size_bytes() - before_bytes;
}

LayerFacts WheelLayer::write(const std::vector<WheelArchive>& wheels, const std::vector<InstalledFile>& files) {
  std::set<std::string, std::less<>> directories;
  for (const InstalledFile& file : files) add_parent_directories(file.path, directories);
  auto directory = directories.begin();
  for (const InstalledFile& file : files) {
    for (; directory != directories.end() && *directory < file.path; ++directory) add_directory(*directory);
    add_installed(file);
  }
  LayerFacts facts = writer_.finish();
  for (const WheelArchive& wheel : wheels) {
    LayerPackage& package = packages_[&wheel];
    package.kind = "wheel";
    package.name = python::normalize_name(wheel.metadata.name);
    package.version = wheel.metadata.version;
    facts.packages.push_back(std::move(package));
    if (parameters_.part.number > 0) continue;  // the first part tells the warnings
    for (const std::string& warning : wheel.warnings) {
      facts.warnings.push_back(fmt::format("wheel `{}`: {}", wheel.input.filename, warning));
    }
  }
  return facts;
}

void add_scheme(KeyCard& card, const InstallScheme& scheme) {
  card.set("scheme purelib", scheme.purelib)
      .set("scheme platlib", scheme.platlib)
      .set("scheme scripts", scheme.scripts)
      .set("scheme headers", scheme.headers)
      .set("scheme data", scheme.data)
      .set("interpreter", scheme.interpreter)
      .set("python version", scheme.python_version)
      .set("python full version", scheme.python_full_version);
  add_base_directories(card, scheme.base_directories);
}

}  // namespace

WheelLayerRecipe::WheelLayerRecipe(std::vector<WheelInput> wheels, WheelLayerParameters parameters)
    : wheels_(std::move(wheels)), parameters_(std::move(parameters)) {}

KeyCard WheelLayerRecipe::card() const {
  KeyCard card(kWheelLayerKind, kWheelLayerVersion);
  for (const WheelInput& wheel : wheels_) {
    // Named after the project, so that a bump is one changed field and not one lost and one new.
    const std::string project = python::normalize_name(python::WheelFilename::parse(wheel.filename).distribution);
    card.set("wheel " + project, fmt::format("{} {}", wheel.filename, wheel.digest.to_string()));
  }
  add_scheme(card, parameters_.scheme);
  if (parameters_.part.count > 1) {
    card.set("part", fmt::format("{} of {}", parameters_.part.number + 1, parameters_.part.count));
  }
  if (parameters_.prune.any()) card.set("prune", parameters_.prune.canonical());
  card.set("epoch seconds", std::to_string(parameters_.epoch_seconds))
      .set("deflate level", std::to_string(parameters_.deflate_level))
      .set("deflater", Deflater::version())
      .set("layer format", std::to_string(kLayerFormatVersion));
  return card;
}

LayerFacts WheelLayerRecipe::write(BlobStore& blobs, LayerSink& out) const {
  LayerFacts facts;
  LateChecks reads(blobs, [this](const BlobDigest& digest) {
    const auto wheel = std::ranges::find(wheels_, digest, &WheelInput::digest);
    return fmt::format("reading wheel `{}`", wheel == wheels_.end() ? digest.to_string() : wheel->filename);
  });
  reads.run([&] {
    std::vector<WheelArchive> wheels = open_wheels(wheels_, parameters_.scheme, reads);
    const std::vector<InstalledFile> files =
        files_of_part(merge_files(wheels, parameters_.scheme, parameters_.prune), parameters_.part);
    facts = WheelLayer(parameters_, reads, out).write(wheels, files);
  });
  return facts;
}

void check_wheel_collisions(const std::vector<WheelInput>& wheels, const InstallScheme& scheme, BlobStore& blobs,
                            const python::PrunePolicy& prune) {
  check_merge(wheels, scheme, blobs, prune);
}

}  // namespace mlbuild
