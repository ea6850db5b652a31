#pragma once

#include "mlbuild/layer/deb_layer.hpp"
#include "mlbuild/layer/layer.hpp"
#include "mlbuild/layer/wheel_layer.hpp"
#include "mlbuild/python/pyc.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

/// Source files to compile, as many as there are; each is read once, from any thread.
struct PythonSources {
  struct File {
    std::string path;  ///< in the image, relative
    std::uint64_t size_bytes = 0;
  };
  std::vector<File> files;
  std::function<Bytes(std::size_t index)> read;
};

/// Runs the interpreter of the image. Thread-safe.
class BytecodeCompiler {
 public:
  virtual ~BytecodeCompiler() = default;
  /// Calls `on_compiled` once for each source, one at a time, in any order, with the interpreter's unchecked hash-based
  /// .pyc (PEP 552), or with nothing when the file is no source of this Python.
  virtual void compile(const PythonSources& sources,
                       const std::function<void(std::size_t index, std::optional<ByteSpan> pyc)>& on_compiled) = 0;
};

struct BytecodeLayerParameters {
  python::PycFormat format;
  /// What the interpreter is, by content: other bytes may compile differently.
  std::string interpreter;
  std::int64_t epoch_seconds = 315532800;
  python::PrunePolicy prune = {};  ///< of the wheels: what is not installed is not compiled
  int deflate_level = 5;           ///< 1 % larger than 6 in six sevenths of the time; 8 % at 1 would halve it
};

inline constexpr std::string_view kBytecodeLayerKind = "bytecode-layer";  ///< of the key card

/// The bytecode of all .py files that wheels install, as a layer of its own: `__pycache__` directories and what is in
/// them, in canonical form (python/pyc.hpp). A file that does not compile is left out and counted, as pip does; one
/// whose bytecode is at its place already is left alone.
class WheelBytecodeRecipe final : public LayerRecipe {
 public:
  WheelBytecodeRecipe(std::vector<WheelInput> wheels, InstallScheme scheme, BytecodeLayerParameters parameters,
                      std::shared_ptr<BytecodeCompiler> compiler);
  KeyCard card() const override;
  LayerFacts write(BlobStore& blobs, LayerSink& out) const override;
  bool is_virtual() const override { return false; }

 private:
  std::vector<WheelInput> wheels_;
  InstallScheme scheme_;
  BytecodeLayerParameters parameters_;
  std::shared_ptr<BytecodeCompiler> compiler_;  ///< shared by all recipes of a plan
};

/// The same for the .py files that Debian packages have below `directory`: the standard library.
class LibraryBytecodeRecipe final : public LayerRecipe {
 public:
  LibraryBytecodeRecipe(std::vector<DebInput> packages, std::string directory, BytecodeLayerParameters parameters,
                        std::shared_ptr<BytecodeCompiler> compiler, std::shared_ptr<UnpackedDebs> unpacked = nullptr);
  KeyCard card() const override;
  LayerFacts write(BlobStore& blobs, LayerSink& out) const override;
  bool is_virtual() const override { return false; }

 private:
  std::vector<DebInput> packages_;
  std::string directory_;  ///< "usr/lib/python3.11"
  BytecodeLayerParameters parameters_;
  std::shared_ptr<BytecodeCompiler> compiler_;
  std::shared_ptr<UnpackedDebs> unpacked_;  ///< as DebLayerRecipe has it
};

}  // namespace mlbuild
