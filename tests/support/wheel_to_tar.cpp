// wheel_to_tar WHEEL...: the layer of these wheels as mlbuild makes it, as a plain tar on stdout; warnings on stderr.
// For tests/layer/pip_equivalence.py.
#include "support/wheel_files.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/deflate.hpp"
#include "mlbuild/layer/wheel_layer.hpp"

#include <unistd.h>

#include <iostream>

namespace mlbuild::test {
namespace {

class Collect final : public LayerSink {
 public:
  void inline_bytes(ByteSpan more) override { bytes.insert(bytes.end(), more.begin(), more.end()); }
  void blob_range(const BlobDigest&, std::uint64_t, ByteSpan more) override { inline_bytes(more); }
  Bytes bytes;
};

class StandardOutput final : public Sink {
 public:
  void write(ByteSpan bytes) override {
    std::cout.write(as_text(bytes).data(), static_cast<std::streamsize>(bytes.size()));
    if (!std::cout) throw Error(ErrorKind::Io, "cannot write to stdout");
  }
};

void run(const std::vector<std::string>& paths) {
  WheelFiles files;
  std::vector<WheelInput> wheels;
  for (const std::string& path : paths) wheels.push_back(files.add(path));
  Collect layer;
  const LayerFacts facts = WheelLayerRecipe(wheels, {}).write(files, layer);
  for (const std::string& warning : facts.warnings) std::cerr << "warning: " << warning << "\n";
  StandardOutput out;
  copy(*gunzip(std::make_unique<SpanSource>(layer.bytes)), out);
  std::cout.flush();
}

}  // namespace
}  // namespace mlbuild::test

int main(int argc, char** argv) {
  try {
    mlbuild::test::run({argv + 1, argv + argc});
    return 0;
  } catch (const mlbuild::Error& error) {
    std::cerr << "error: " << error.message() << "\n";
    for (const std::string& context : error.context()) std::cerr << "  while " << context << "\n";
    return mlbuild::exit_code(error.kind());
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 70;
  }
}
