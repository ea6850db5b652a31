#include "base_part.hpp"

#include <nlohmann/json.hpp>

namespace mlbuild {

nlohmann::json base_part(const SpecVariant& variant) {
  if (variant.foreign_base && variant.foreign_base->kind == ForeignBase::Kind::Scratch) return "scratch";
  if (variant.foreign_base)
    return {{std::string(variant.foreign_base->kind_name()), variant.foreign_base->reference.value}};
  return {{"debian", variant.base.suite.value},
          {"python", variant.base.python.value},
          {"flavor", variant.base.flavor == BaseFlavor::Slim ? "slim" : "distroless"}};
}

}  // namespace mlbuild
