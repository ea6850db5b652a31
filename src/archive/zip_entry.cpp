#include "zip_entry.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

namespace mlbuild::zip {

void refuse_member(std::string_view name, std::string_view why) {
  refuse(fmt::format("has a member `{}` that {}", printable(name.substr(0, 200)), why));
}

void check_unicode_path(const Extra& extra, const std::string& name) {
  if (!extra.unicode_path) return;
  Fields fields(*extra.unicode_path);
  fields.bytes(5);  // version and checksum of the name it replaces
  if (as_text(fields.bytes(fields.left())) != name) refuse_member(name, "has a second, different name");
}

}  // namespace mlbuild::zip
