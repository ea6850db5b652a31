#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

/// A JSON object that may hold secrets. Its errors say where and what is wrong and never quote a value, which is why
/// the JSON library's own messages are not used: they repeat what was read last. All errors are Error{Step}: something
/// that was set up for this build is broken.
class CredentialRecord {
 public:
  /// Foreign text: size, depth and form are checked. `what` names it in messages: "docker config `/home/a/...`".
  static CredentialRecord parse(std::string_view text, std::string what);
  static CredentialRecord read(const std::filesystem::path& path, const std::string& kind);

  const std::string& what() const { return what_; }
  bool has(const std::string& name) const;              ///< null is nothing
  std::string text(const std::string& name) const;      ///< "" when absent
  std::string required(const std::string& name) const;  ///< absent or empty is an error
  std::optional<std::int64_t> number(const std::string& name) const;
  std::vector<std::string> texts(const std::string& name) const;          ///< a list; empty when absent
  std::optional<CredentialRecord> record(const std::string& name) const;  ///< what() gets `name`
  std::vector<std::string> names() const;                                 ///< of all members, sorted
  bool flag(const std::string& name) const;                               ///< false when absent

 private:
  CredentialRecord(nlohmann::json value, std::string what) : value_(std::move(value)), what_(std::move(what)) {}
  const nlohmann::json* member(const std::string& name) const;
  [[noreturn]] void refuse(const std::string& name, const char* wanted) const;

  nlohmann::json value_;
  std::string what_;
};

}  // namespace mlbuild
