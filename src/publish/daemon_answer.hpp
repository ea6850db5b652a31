#pragma once

#include "mlbuild/net/http.hpp"

#include <string>
#include <string_view>

namespace mlbuild {

/// What a daemon says to a load: one JSON object after the other, each on its line (Docker Engine API, "Import
/// images"). The status is sent before the work is done, so an error may come in the last line of a 200.
struct LoadAnswer {
  bool is_understood = false;  ///< there is at least one such object
  std::string error;           ///< the daemon's own words, printable and cut; "": none
};

LoadAnswer parse_load_answer(std::string_view body);

/// The daemon's own words of an answer that is no success, printable and cut; "": none.
std::string daemon_refusal(const HttpResponse& response);

}  // namespace mlbuild
