#include "header_fields.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/python/names.hpp"
#include "mlbuild/python/wheel.hpp"

#include <fmt/format.h>

namespace mlbuild::python {
namespace {

[[noreturn]] void refuse(const std::string& message) { throw Error(ErrorKind::Foreign, message); }

/// A field that may stand once: two names would let two readers disagree about what is installed.
void set_once(std::string& field, const HeaderField& header, std::string_view what) {
  if (!field.empty() && field != header.value) refuse(fmt::format("{} has two fields `{}`", what, header.name));
  field = header.value;
}

}  // namespace

Metadata Metadata::parse(std::string_view text) {
  Metadata metadata;
  for (const HeaderField& header : parse_header_fields(text, "METADATA")) {
    if (header.name == "name") set_once(metadata.name, header, "METADATA");
    if (header.name == "version") set_once(metadata.version, header, "METADATA");
    if (header.name == "requires-python") set_once(metadata.requires_python, header, "METADATA");
    if (header.name == "summary") metadata.summary = header.value;
    if (header.name == "license") metadata.license = header.value;
    if (header.name == "license-expression") metadata.license_expression = header.value;
    if (header.name == "requires-dist") metadata.requires_dist.push_back(header.value);
    if (header.name == "provides-extra") metadata.provides_extra.push_back(header.value);
  }
  if (metadata.name.empty()) refuse("METADATA has no Name");
  if (metadata.version.empty()) refuse("METADATA has no Version");
  if (!is_valid_name(metadata.name))
    refuse(fmt::format("METADATA has the malformed Name `{}`", printable(metadata.name)));
  return metadata;
}

WheelFile WheelFile::parse(std::string_view text) {
  WheelFile wheel;
  std::string purelib;
  for (const HeaderField& header : parse_header_fields(text, "WHEEL")) {
    if (header.name == "wheel-version") set_once(wheel.wheel_version, header, "WHEEL");
    if (header.name == "root-is-purelib") set_once(purelib, header, "WHEEL");
    if (header.name == "tag") wheel.tags.push_back(header.value);
    if (header.name == "build") set_once(wheel.build, header, "WHEEL");
  }
  if (wheel.wheel_version.empty()) refuse("WHEEL has no Wheel-Version");
  wheel.root_is_purelib = to_lower(purelib) == "true";  // as pip: anything else is platlib
  return wheel;
}

}  // namespace mlbuild::python
