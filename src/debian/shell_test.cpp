#include "shell_test.hpp"

#include <cstddef>

namespace mlbuild::debian {
namespace {

Truth test_primary(const std::vector<ShellValue>& words, std::size_t& at) {
  if (at >= words.size()) return Truth::False;
  const auto as_truth = [](bool value) { return value ? Truth::True : Truth::False; };
  if (at + 2 < words.size() && words[at + 1]) {
    const std::string& operation = *words[at + 1];
    const bool equality = operation == "=" || operation == "==" || operation == "!=";
    if (equality || (operation.size() == 3 && operation.front() == '-')) {
      const ShellValue &left = words[at], &right = words[at + 2];
      at += 3;
      if (!equality || !left || !right) return Truth::Unknown;
      return as_truth((*left == *right) == (operation != "!="));
    }
  }
  if (at + 1 < words.size() && words[at] && words[at]->size() == 2 && words[at]->front() == '-') {
    const std::string& operation = *words[at];
    const ShellValue& operand = words[at + 1];
    at += 2;
    if (operation == "-n" || operation == "-z")
      return operand ? as_truth(operand->empty() == (operation == "-z")) : Truth::Unknown;
    return operand == "/run/systemd/system" ? Truth::False : Truth::Unknown;  // no init system runs in an image
  }
  const ShellValue& single = words[at++];
  return single ? as_truth(!single->empty()) : Truth::Unknown;
}

Truth test_operand(const std::vector<ShellValue>& words, std::size_t& at) {
  bool negated = false;
  for (; at + 1 < words.size() && words[at] == "!"; ++at) negated = !negated;
  const Truth truth = test_primary(words, at);
  if (!negated || truth == Truth::Unknown) return truth;
  return truth == Truth::True ? Truth::False : Truth::True;
}

/// Of two operands: what decides whatever the other is, else what is not known.
Truth joined(Truth left, Truth right, Truth decisive) {
  if (left == decisive || right == decisive) return decisive;
  return left == Truth::Unknown || right == Truth::Unknown ? Truth::Unknown : left;
}

Truth test_and(const std::vector<ShellValue>& words, std::size_t& at) {
  Truth truth = test_operand(words, at);
  while (at < words.size() && words[at] == "-a") truth = joined(truth, test_operand(words, ++at), Truth::False);
  return truth;
}

Truth test_or(const std::vector<ShellValue>& words, std::size_t& at) {
  Truth truth = test_and(words, at);
  while (at < words.size() && words[at] == "-o") truth = joined(truth, test_and(words, ++at), Truth::True);
  return truth;
}

}  // namespace

std::optional<Truth> evaluate_test(const std::vector<ShellValue>& words) {
  std::vector<ShellValue> operands(words.begin() + 1, words.end());
  if (words.front() == "[") {
    if (operands.empty() || operands.back() != "]") return std::nullopt;
    operands.pop_back();
  }
  std::size_t at = 0;
  const Truth truth = test_or(operands, at);
  return at == operands.size() ? truth : Truth::Unknown;
}

}  // namespace mlbuild::debian
