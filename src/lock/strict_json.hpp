#pragma once

#include "mlbuild/base/digest.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace mlbuild {

/// A JSON object whose every member must be known and of the right type; mistakes are Error{Spec} that name the member
/// ("images[0].wheels[3].size"). `value` must outlive it.
class StrictObject {
 public:
  StrictObject(const nlohmann::json& value, std::string place);

  std::string text(const std::string& name);
  std::uint64_t number(const std::string& name);
  BlobDigest digest(const std::string& name);
  std::vector<std::string> texts(const std::string& name);
  StrictObject object(const std::string& name);
  const nlohmann::json* find(const std::string& name);  ///< any type; null when absent
  /// Calls `read` with each object of a list.
  void each(const std::string& name, const std::function<void(StrictObject&)>& read);
  void finish() const;  ///< no member was left over

  [[noreturn]] void refuse(const std::string& name, const std::string& why) const;

 private:
  const nlohmann::json& member(const std::string& name);
  const nlohmann::json& list(const std::string& name);
  std::string place_of(const std::string& name) const;

  const nlohmann::json& value_;
  std::string place_;
  std::set<std::string> known_;
};

}  // namespace mlbuild
