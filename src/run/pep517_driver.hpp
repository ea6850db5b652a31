#pragma once

#include <string_view>

namespace mlbuild {

/// The Python program that runs inside the sandbox and speaks PEP 517 with the project's backend. Arguments: source
/// directory, directory for the wheel, file for its answer, a JSON object: {"missing": [requirements]} or {"wheel":
/// name}. It and all it runs write to stderr only, so that the output is one text in order. Python 3.8 or newer.
std::string_view pep517_driver();

}  // namespace mlbuild
