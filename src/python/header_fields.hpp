#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mlbuild::python {

/// One "Name: value" of the e-mail like headers that METADATA and WHEEL use (Core metadata specifications; PEP 427).
struct HeaderField {
  std::string name;   ///< lower case
  std::string value;  ///< continuation lines joined by a newline
};

/// The fields before the first empty line. Throws Error{Foreign} naming `what` for a line without colon and for too
/// many fields.
std::vector<HeaderField> parse_header_fields(std::string_view text, std::string_view what);

}  // namespace mlbuild::python
