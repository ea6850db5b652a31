#pragma once

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/layer/layer.hpp"
#include "mlbuild/layer/layer_writer.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace mlbuild {

/// How a layer's tar becomes its blob. LayerWriter tells in order what it is made of; for each entry
///
///     begin_entry(), tar_bytes() of the header, and for a file that is not empty
///     begin_content(), all of it, end_content(), tar_bytes() of the padding
///
/// and at the end last_entry(), whose bytes come back as tar_bytes() with those of the end of the archive, and
/// finish(). A content comes as plain bytes, or, where the encoder copies_deflate(), as the deflate stream that it is.
/// The blob depends on what is told, not on how it is cut into calls.
class LayerEncoder {
 public:
  virtual ~LayerEncoder() = default;
  virtual void begin_entry(const TarEntry&) {}
  virtual void tar_bytes(ByteSpan bytes) = 0;

  virtual void begin_content() {}
  virtual void content(ByteSpan plain) = 0;
  /// `digest`: of the plain content, when the encoder wants_digests().
  virtual void end_content(const Digest& /*digest*/) {}
  virtual bool wants_digests() const { return false; }

  virtual bool copies_deflate() const { return false; }
  virtual void begin_deflated() {}
  virtual void deflated(const DeflatedContent& /*from*/, std::uint64_t /*offset*/, ByteSpan /*stream*/) {}
  virtual void end_deflated(std::uint32_t /*crc*/, std::uint64_t /*plain_size_bytes*/) {}

  /// A file in front of all others whose content is one byte of value 15; "" for none.
  virtual std::string first_file() const { return {}; }
  /// Whether entries of this path would be taken for the form's own.
  virtual bool reserves(const std::string& /*path*/) const { return false; }
  /// Header, content and padding of an entry behind all others.
  virtual std::string last_entry() { return {}; }
  /// Media type, digest, size and annotations; `facts` has the diffID and the tar's size.
  virtual void finish(LayerFacts& facts) = 0;
  virtual std::uint64_t compressed_size_bytes() const = 0;  ///< so far, without what is buffered
};

std::unique_ptr<LayerEncoder> make_layer_encoder(LayerSink& out, int deflate_level);

}  // namespace mlbuild
