#include "mlbuild/run/build_record.hpp"

#include "mlbuild/base/base64.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/base/json_depth.hpp"
#include "mlbuild/io/deflate.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <vector>

namespace mlbuild {
namespace {

using nlohmann::json;

constexpr int kRecordVersion = 1;
constexpr int kDeflateLevel = 9;
constexpr std::uint64_t kLimitBytes = std::uint64_t{16} << 20U;  // plain; a thousand wheels are 0.4 MB
constexpr std::size_t kDepthLimit = 40;

template <class T>
void forget_reasons(std::vector<T>& debs) {
  for (LockedDeb& deb : debs) deb.because.clear();
}

void forget_reasons(std::vector<LockedFile>& files) {
  for (LockedFile& file : files) file.required_by.clear();
}

// Where a base was is no part of what it is: its layers are in the image itself.
constexpr const char* kAnyBase = "base.invalid/base";

void forget_place(LockedBaseImage& base) {
  base.kind = "image";
  base.reference = kAnyBase;
  base.manifest = BlobDigest{};
}

/// Source distributions are built with them, and maintainer scripts of a distroless base run on them (plan,
/// scripts_step).
bool needs_build_packages(const LockedImage& image, const SystemPackages& system) {
  const bool runs_scripts = !system.run_scripts.empty() || (system.run_all_scripts && !image.system_runtime.empty());
  return !image.sdists.empty() || (image.base_flavor == "distroless" && runs_scripts);
}

/// Requirements may be written differently, and other groups change, without one byte of the image being another.
LockedImage deciding_part(LockedImage image, const SystemPackages& system) {
  image.variant.clear();
  image.spec_digest = BlobDigest{};
  image.spec_part.clear();
  image.releases.clear();
  image.dev.clear();
  forget_reasons(image.base);
  forget_reasons(image.system_runtime);
  forget_reasons(image.system_build);
  forget_reasons(image.wheels);
  for (LockedSdist& sdist : image.sdists) {
    sdist.sdist.required_by.clear();
    forget_reasons(sdist.build_requirements);
  }
  if (!needs_build_packages(image, system)) image.system_build.clear();
  if (image.base_image) forget_place(*image.base_image);
  return image;
}

Error no_record(std::string_view what) {
  return Error(ErrorKind::Foreign, "the image's build record " + std::string(what));
}

std::string inflate(const std::string& compressed) {
  BytesSink plain(kLimitBytes);
  const std::unique_ptr<Source> source = gunzip(std::make_unique<SpanSource>(as_bytes(compressed)));
  copy(*source, plain);
  return std::string(plain.text());
}

}  // namespace

BuildRecord build_record(const BuildRequest& request, bool bytecode) {
  SpecVariant variant = *request.variant;
  variant.bytecode = variant.bytecode && bytecode;
  if (request.image->base_image) variant.foreign_base = ForeignBase{ForeignBase::Kind::Image, {kAnyBase, {}}};
  Lock lock;
  lock.images.push_back(deciding_part(*request.image, variant.system));
  return {deciding_part_json(*request.spec, variant, request.image->platform), to_json(lock), !variant.app.empty()};
}

std::string to_annotation(const BuildRecord& record) {
  const json value{{"version", kRecordVersion},
                   {"spec", json::parse(record.spec_json)},
                   {"lock", json::parse(record.lock_json)},
                   {"app", record.has_app}};
  return base64(as_text(Deflater(kDeflateLevel).gzip_member(as_bytes(value.dump()))));
}

BuildRecord parse_build_record(std::string_view annotation) {
  const std::optional<std::string> compressed = decode_base64(annotation);
  if (!compressed) throw no_record("is no base64");
  const std::string text =
      with_context([] { return "reading the image's build record"; }, [&] { return inflate(*compressed); });
  if (json_depth(text) > kDepthLimit) throw no_record("is nested too deeply");
  const json value = json::parse(text, nullptr, false);
  for (const char* member : {"version", "spec", "lock", "app"}) {
    if (!value.is_object() || !value.contains(member)) throw no_record(fmt::format("has no `{}`", member));
  }
  if (value["version"] != kRecordVersion) {
    throw no_record("has another format version").hint("verify it with the release of mlbuild that built the image");
  }
  return {value["spec"].dump(), value["lock"].dump(), value["app"] == true};
}

}  // namespace mlbuild
