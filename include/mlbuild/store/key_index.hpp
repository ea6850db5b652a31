#pragma once

#include "mlbuild/base/digest.hpp"
#include "mlbuild/store/key_card.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace mlbuild {

/// What is known about steps: StepKey -> facts (a small JSON text that the recipe defines), and for each step id the
/// card of its last run, for explanations. Thread-safe. Truncated or damaged entries are misses, never errors.
class KeyIndex {
 public:
  virtual ~KeyIndex() = default;
  virtual std::optional<std::string> get(const StepKey& key) = 0;
  virtual void put(const StepKey& key, std::string_view facts) = 0;
  /// `step_id` is stable between runs of one spec, e.g. "<spec digest of name>/wheel:numpy".
  virtual std::optional<KeyCard> last_card(std::string_view step_id) = 0;
  virtual void remember_card(std::string_view step_id, const KeyCard& card) = 0;
};

}  // namespace mlbuild
