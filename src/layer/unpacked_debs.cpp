#include "mlbuild/layer/unpacked_debs.hpp"

#include "unpacked_deb.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/sys/thread_pool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <semaphore>

namespace mlbuild {
namespace {

void check_identity(const DebInput& input, const debian::Stanza& fields) {
  const bool same = fields.get("Package") == input.name && fields.get("Version") == input.version &&
                    fields.get("Architecture") == input.architecture;
  if (same) return;
  throw Error(ErrorKind::Foreign,
              fmt::format("the package says that it is `{}` {} {}", printable(fields.get("Package")),
                          printable(fields.get("Version")), printable(fields.get("Architecture"))));
}

std::shared_ptr<const UnpackedDeb> decode(const DebInput& input, BlobStore& blobs, SpillFile& contents) {
  const auto file = blobs.open(input.digest);
  const debian::DebFile deb(*file);
  auto unpacked = std::make_shared<UnpackedDeb>();
  unpacked->control = deb.read_control();
  deb.read_data([&](const TarEntry& entry, Source& content) {
    unpacked->entries.push_back({entry, {}});
    if (entry.type == TarType::File) unpacked->entries.back().content = contents.append(content, entry.size_bytes);
  });
  unpacked->entries.shrink_to_fit();
  return unpacked;
}

}  // namespace

struct UnpackedDebs::State {
  State(const std::filesystem::path& directory, std::size_t thread_count)
      : scratch(directory),
        threads(std::max<std::size_t>(1, thread_count)),
        free(static_cast<std::ptrdiff_t>(threads)) {}

  /// The caller's to decode, unless somebody has begun.
  bool claim(const BlobDigest& digest) {
    const std::lock_guard lock(mutex);
    return packages.try_emplace(digest).second;
  }

  /// What somebody decoded; nothing when it fell to the caller to do that, since nobody did or it failed.
  std::shared_ptr<const UnpackedDeb> wait_for(const BlobDigest& digest) {
    std::unique_lock lock(mutex);
    for (;;) {
      const auto [place, is_mine] = packages.try_emplace(digest);
      if (is_mine || place->second) return place->second;
      changed.wait(lock);
    }
  }

  std::shared_ptr<const UnpackedDeb> decode_claimed(const DebInput& input, BlobStore& blobs) {
    std::shared_ptr<const UnpackedDeb> unpacked;
    try {
      free.acquire();
      struct Release {
        std::counting_semaphore<>& semaphore;
        ~Release() { semaphore.release(); }
      } release{free};
      unpacked = decode(input, blobs, *contents);
    } catch (...) {
      settle(input.digest, nullptr);
      throw;
    }
    settle(input.digest, unpacked);
    return unpacked;
  }

  void settle(const BlobDigest& digest, const std::shared_ptr<const UnpackedDeb>& unpacked) {
    const std::lock_guard lock(mutex);
    if (unpacked) {
      packages[digest] = unpacked;
      ++decoded;
    } else {
      packages.erase(digest);
    }
    changed.notify_all();
  }

  const std::filesystem::path scratch;
  std::unique_ptr<SpillFile> contents = std::make_unique<SpillFile>(scratch);
  const std::size_t threads;
  std::counting_semaphore<> free;  // decoders that may still be started: each needs some MiB for its dictionary
  std::mutex mutex;                // of the next two
  std::map<BlobDigest, std::shared_ptr<const UnpackedDeb>> packages;  // null while somebody decodes
  std::size_t decoded = 0;
  std::condition_variable changed;
};

UnpackedDebs::UnpackedDebs(const std::filesystem::path& scratch, std::size_t threads)
    : state_(std::make_unique<State>(scratch, threads)) {}
UnpackedDebs::~UnpackedDebs() = default;

std::vector<std::shared_ptr<const UnpackedDeb>> UnpackedDebs::take(const std::vector<DebInput>& packages,
                                                                   BlobStore& blobs) {
  const auto unpacking = [](const DebInput& input, const auto& body) {
    return with_context([&] { return fmt::format("unpacking Debian package `{}` {}", input.name, input.version); },
                        body);
  };
  // First what nobody has begun, so that two who want the same packages share the work instead of waiting.
  parallel_for(state_->threads, packages.size(), [&](std::size_t i) {
    const DebInput& input = packages[i];
    if (state_->claim(input.digest)) unpacking(input, [&] { state_->decode_claimed(input, blobs); });
  });
  std::vector<std::shared_ptr<const UnpackedDeb>> taken;
  taken.reserve(packages.size());
  for (const DebInput& input : packages) {
    unpacking(input, [&] {
      std::shared_ptr<const UnpackedDeb> unpacked = state_->wait_for(input.digest);
      if (!unpacked) unpacked = state_->decode_claimed(input, blobs);
      check_identity(input, unpacked->control.fields);
      taken.push_back(std::move(unpacked));
    });
  }
  return taken;
}

void UnpackedDebs::forget() {
  const std::lock_guard lock(state_->mutex);
  state_->packages.clear();
  state_->contents = std::make_unique<SpillFile>(state_->scratch);
}

std::size_t UnpackedDebs::decoded() const {
  const std::lock_guard lock(state_->mutex);
  return state_->decoded;
}

}  // namespace mlbuild
