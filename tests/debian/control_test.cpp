#include "mlbuild/debian/control.hpp"

#include "mlbuild/base/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild::debian {
namespace {

/// Gives one byte a read: no reader may depend on where a read ends.
class SlowSource final : public Source {
 public:
  explicit SlowSource(std::string text) : text_(std::move(text)) {}
  std::size_t read(MutableByteSpan buffer) override {
    if (buffer.empty() || at_ == text_.size()) return 0;
    buffer.front() = static_cast<std::byte>(text_[at_++]);
    return 1;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

TEST(StanzaReader, ReadsParagraphsOneByOne) {
  SlowSource source("Package: a\nVersion: 1\n\n\n# comment\nPackage: b\nDescription: short\n long\n .\n longer\n");
  StanzaReader reader(source);
  Stanza stanza;
  ASSERT_TRUE(reader.next(stanza));
  EXPECT_EQ(stanza.get("package"), "a");
  EXPECT_EQ(stanza.get("VERSION"), "1");
  ASSERT_TRUE(reader.next(stanza));
  EXPECT_EQ(stanza.get("Description"), "short\n long\n .\n longer");
  EXPECT_EQ(stanza.get("Version"), "");
  EXPECT_FALSE(reader.next(stanza));
}

TEST(StanzaReader, LastLineNeedsNoNewline) { EXPECT_EQ(read_stanza("Package: a\nVersion: 2").get("Version"), "2"); }

TEST(StanzaReader, KeepsTheTextAsItWas) {
  const std::string text = "Package: a\nDepends: b,\n c\n";
  EXPECT_EQ(read_stanza(text).text(), text);
}

TEST(StanzaReader, RefusesWhatIsNoField) {
  for (const std::string text :
       {"Package a\n", " continued: nothing\n", ": empty name\n", "-x: y\n", "Package: a\nPackage: b\n"}) {
    EXPECT_THROW(read_stanza(text), Error) << text;
  }
  EXPECT_THROW(read_stanza(std::string("A: \0\n", 5)), Error);
}

TEST(StanzaReader, RefusesParagraphsAboveTheLimit) {
  const std::string line = "X: " + std::string(1000, 'x') + "\n";
  std::string many;
  for (int i = 0; i < 1100; ++i) many.append("F").append(std::to_string(i)).append(line);
  EXPECT_THROW(read_stanza(many), Error);
  EXPECT_THROW(read_stanza("X: " + std::string(3U << 20U, 'x')), Error);
}

TEST(StanzaReader, OneStanzaMeansOne) {
  EXPECT_THROW(read_stanza(""), Error);
  EXPECT_THROW(read_stanza("A: 1\n\nB: 2\n"), Error);
}

}  // namespace
}  // namespace mlbuild::debian
