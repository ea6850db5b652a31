#include "zip_fields.hpp"

namespace mlbuild::zip {
namespace {

void set_once(std::optional<ByteSpan>& field, ByteSpan content) {
  if (field) refuse("has a member with two extra fields of one kind");
  field = content;
}

}  // namespace

Extra parse_extra(ByteSpan area) {
  constexpr std::uint16_t kZip64 = 0x0001;
  constexpr std::uint16_t kUnicodePath = 0x7075;
  Extra extra;
  Fields fields(area);
  while (fields.left() != 0) {
    const std::uint16_t kind = fields.u16();
    const ByteSpan content = fields.bytes(fields.u16());
    if (kind == kZip64) set_once(extra.zip64, content);
    if (kind == kUnicodePath) set_once(extra.unicode_path, content);
  }
  return extra;
}

}  // namespace mlbuild::zip
