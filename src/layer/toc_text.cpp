#include "toc_text.hpp"

#include "mlbuild/base/error.hpp"

#include <nlohmann/json.hpp>

namespace mlbuild {

std::string toc_text(const nlohmann::json& toc) {
  try {
    return toc.dump();
  } catch (const nlohmann::json::type_error&) {
    throw Error(ErrorKind::Foreign, "a name or link in the layer is not UTF-8, which no table of contents can tell")
        .hint("build without `layers.lazy`");
  }
}

}  // namespace mlbuild
