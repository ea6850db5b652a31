#include "support/zip_builder.hpp"

#include "mlbuild/io/deflate.hpp"

namespace mlbuild::test {
namespace {

constexpr std::uint16_t kDeflated = 8;
constexpr std::uint32_t kIn64 = 0xFFFFFFFFU;

class LittleEndian {
 public:
  template <class Integer>
  LittleEndian& put(Integer value) {
    for (std::size_t i = 0; i < sizeof(Integer); ++i) text_.push_back(static_cast<char>(value >> (8 * i) & 0xFFU));
    return *this;
  }
  LittleEndian& put_text(std::string_view text) {
    text_ += text;
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

struct Encoded {
  const ZipInput* input = nullptr;
  std::string stream;
  std::uint32_t crc = 0;
  std::uint64_t size_bytes = 0;
  std::uint64_t offset = 0;
  std::uint16_t flags() const { return static_cast<std::uint16_t>(input->flags | (input->data_descriptor ? 8U : 0U)); }
  std::uint16_t version() const { return input->zip64 ? 45 : 20; }
};

Encoded encode(const ZipInput& input) {
  Encoded encoded;
  encoded.input = &input;
  if (input.stream) {
    encoded.stream = *input.stream;
  } else if (input.method == kDeflated) {
    encoded.stream = as_text(Deflater(6).raw(as_bytes(input.content)));
  } else {
    encoded.stream = input.content;
  }
  encoded.crc = input.crc32.value_or(crc32(0, as_bytes(input.content)));
  encoded.size_bytes = input.size_bytes.value_or(static_cast<std::uint32_t>(input.content.size()));
  return encoded;
}

std::string zip64_extra(const Encoded& member) {
  return LittleEndian()
      .put(std::uint16_t{1})
      .put(std::uint16_t{16})
      .put(member.size_bytes)
      .put(std::uint64_t{member.stream.size()})
      .text();
}

void put_sizes(LittleEndian& out, const Encoded& member, bool known) {
  const auto compressed = static_cast<std::uint32_t>(member.stream.size());
  const auto plain = static_cast<std::uint32_t>(member.size_bytes);
  out.put(known ? member.crc : 0U);
  out.put(member.input->zip64 ? kIn64 : known ? compressed : 0U);
  out.put(member.input->zip64 ? kIn64 : known ? plain : 0U);
}

std::string local_part(const Encoded& member) {
  const ZipInput& input = *member.input;
  const std::string name = input.local_name.value_or(input.name);
  const std::string extra = input.zip64 ? zip64_extra(member) : "";
  LittleEndian out;
  out.put(std::uint32_t{0x04034b50})
      .put(member.version())
      .put(member.flags())
      .put(input.method)
      .put(std::uint32_t{0x00210000});
  put_sizes(out, member, !input.data_descriptor);
  out.put(static_cast<std::uint16_t>(name.size()))
      .put(static_cast<std::uint16_t>(extra.size()))
      .put_text(name)
      .put_text(extra);
  out.put_text(member.stream);
  if (input.data_descriptor) {
    out.put(std::uint32_t{0x08074b50}).put(member.crc).put(static_cast<std::uint32_t>(member.stream.size()));
    out.put(static_cast<std::uint32_t>(member.size_bytes));
  }
  return out.text();
}

std::string central_part(const Encoded& member) {
  const ZipInput& input = *member.input;
  const std::string extra = input.zip64 ? zip64_extra(member) : "";
  constexpr std::uint16_t kUnix = 3U << 8U;
  LittleEndian out;
  out.put(std::uint32_t{0x02014b50}).put(static_cast<std::uint16_t>(kUnix | member.version())).put(member.version());
  out.put(member.flags()).put(input.method).put(std::uint32_t{0x00210000});
  put_sizes(out, member, true);
  out.put(static_cast<std::uint16_t>(input.name.size())).put(static_cast<std::uint16_t>(extra.size()));
  out.put(std::uint16_t{0})
      .put(std::uint16_t{0})
      .put(std::uint16_t{0})
      .put(static_cast<std::uint32_t>(input.mode << 16U));
  out.put(static_cast<std::uint32_t>(member.offset)).put_text(input.name).put_text(extra);
  return out.text();
}

}  // namespace

Bytes build_zip(const std::vector<ZipInput>& members, std::string_view before, std::string_view comment) {
  std::string file(before);
  std::string directory;
  for (const ZipInput& input : members) {
    Encoded member = encode(input);
    member.offset = file.size();
    file += local_part(member);
    directory += central_part(member);
  }
  const auto count = static_cast<std::uint16_t>(members.size());
  LittleEndian end;
  end.put(std::uint32_t{0x06054b50}).put(std::uint32_t{0}).put(count).put(count);
  end.put(static_cast<std::uint32_t>(directory.size())).put(static_cast<std::uint32_t>(file.size()));
  end.put(static_cast<std::uint16_t>(comment.size())).put_text(comment);
  file += directory + end.text();
  const ByteSpan bytes = as_bytes(file);
  return {bytes.begin(), bytes.end()};
}

}  // namespace mlbuild::test
