#pragma once

#include "mlbuild/oci/oci.hpp"
#include "mlbuild/store/key_card.hpp"

namespace mlbuild {

/// The fields that make a card one of a layer in this form.
void add_lazy_fields(KeyCard& card, oci::LazyFormat format);

}  // namespace mlbuild
