#include "read_budget.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <charconv>

namespace mlbuild::spec {
namespace {

std::optional<Located<std::uint64_t>> read_size(const YamlNode* budget, std::string_view key,
                                                Diagnostics& diagnostics) {
  const YamlNode* node = find_below(budget, key);
  if (node == nullptr) return std::nullopt;
  if (const auto bytes = parse_bytes(node->text)) return Located<std::uint64_t>{*bytes, node->location};
  add_mistake(diagnostics, fmt::format("`budget.{}` is `{}`, which is no size", key, printable(node->text)),
              node->location, "write e.g. `500MB` or `2GiB`");
  return std::nullopt;
}

std::optional<double> percent_of(std::string_view text) {
  text = trim(text);
  if (!text.ends_with('%')) return std::nullopt;
  text = trim(text.substr(0, text.size() - 1));
  double percent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent, std::chars_format::fixed);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  return is_number && percent >= 0 && percent <= 10000 ? std::optional(percent) : std::nullopt;
}

void read_growth(const YamlNode* budget, SizeBudget& result, Diagnostics& diagnostics) {
  const YamlNode* node = find_below(budget, "growth");
  if (node == nullptr) return;
  if (const auto percent = percent_of(node->text)) {
    result.growth_percent = {*percent, node->location};
  } else if (const auto bytes = parse_bytes(node->text)) {
    result.growth_bytes = {*bytes, node->location};
  } else {
    add_mistake(diagnostics,
                fmt::format("`budget.growth` is `{}`, which is neither a part nor a size", printable(node->text)),
                node->location, "write e.g. `10%` or `50MB`");
  }
}

}  // namespace

SizeBudget read_budget(const YamlNode* node, Diagnostics& diagnostics) {
  SizeBudget budget;
  budget.compressed_bytes = read_size(node, "compressed", diagnostics);
  budget.uncompressed_bytes = read_size(node, "uncompressed", diagnostics);
  read_growth(node, budget, diagnostics);
  if (const YamlNode* against = find_below(node, "against")) {
    budget.against = {against->text, against->location};
    if (!budget.has_growth()) {
      add_mistake(diagnostics, "`budget.against` names an image that nothing is compared with", against->location,
                  "add `growth: 10%`, or remove it");
    }
  }
  return budget;
}

}  // namespace mlbuild::spec
