#pragma once

#include "mlbuild/layer/deb_layer.hpp"
#include "mlbuild/store/blob_store.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <vector>

namespace mlbuild {

struct UnpackedDeb;  // src/layer/unpacked_deb.hpp: for recipes only

/// The Debian packages of one build, each decoded once, however many layers and roots want it: decoding .xz costs more
/// than all the rest of a layer. Contents go to one temporary file without a name, names stay in memory. Thread-safe;
/// whoever asks for a package that another thread is decoding waits for it.
class UnpackedDebs {
 public:
  /// `scratch`: where the temporary file goes (default: $TMPDIR or /tmp). `threads`: that decode for one caller, and
  /// all in all.
  explicit UnpackedDebs(const std::filesystem::path& scratch = {}, std::size_t threads = 1);
  ~UnpackedDebs();

  /// In the order of `packages`; valid until forget(). Error{Foreign} when a file is not the package that its
  /// input says. What fails is tried again by whoever asks for it next.
  std::vector<std::shared_ptr<const UnpackedDeb>> take(const std::vector<DebInput>& packages, BlobStore& blobs);
  /// Frees disk and memory: recipes, which share this object, may live on in a plan. Nobody may be using a package.
  void forget();
  /// Packages that were decoded so far.
  std::size_t decoded() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mlbuild
