#include "read_steps.hpp"

#include "read_config.hpp"
#include "requirements.hpp"
#include "value_reader.hpp"
#include "words.hpp"

#include "mlbuild/base/path_parts.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace mlbuild::spec {
namespace {

constexpr std::string_view kInputs = "/inputs";

/// What the sandbox makes anew for every command: an input below it would never be seen, or hide it.
bool is_of_the_sandbox(std::string_view path) {
  return std::ranges::any_of(
      std::initializer_list<std::string_view>{"/tmp", "/dev", "/proc", "/sys"},
      [&](std::string_view top) { return path == top || (path.starts_with(top) && path[top.size()] == '/'); });
}

bool check_place(const std::string& path, const Location& at, Diagnostics& diagnostics) {
  if (path.size() > 1 && !reserved_top(path) && !is_of_the_sandbox(path)) return true;
  return add_mistake(diagnostics, fmt::format("an input cannot be at `{}`", printable(path)), at,
                     "write e.g. `to: /inputs/config`");
}

/// `from` -> "/inputs/from"; a file whose `to` ends with a slash keeps its name.
std::optional<AppCopy> read_input(const YamlNode& node, const ReadContext& context) {
  const YamlNode& from = node.is(YamlNode::Kind::Mapping) ? *node.find("from") : node;
  if (!check_relative_path(from.text, from.location, Wanted::FileOrDirectory, context.directory, context.diagnostics))
    return std::nullopt;
  const std::string clean = std::filesystem::path(from.text).lexically_normal().string();
  std::string to = clean == "." ? std::string(kInputs) : fmt::format("{}/{}", kInputs, clean);
  if (node.is(YamlNode::Kind::Mapping)) {
    const YamlNode& given = *node.find("to");
    const std::optional<std::string> target = clean_image_path(given.text);
    if (!target) {
      add_mistake(context.diagnostics,
                  fmt::format("`to` must be an absolute path without `..`, not `{}`", printable(given.text)),
                  given.location, "write e.g. `to: /inputs/config`");
      return std::nullopt;
    }
    to = *target;
    const bool is_file = context.directory.look_up(from.text) == SpecDirectory::Kind::File;
    if (to.ends_with('/') && is_file) to += std::filesystem::path(clean).filename().string();
    if (!check_place(to, given.location, context.diagnostics)) return std::nullopt;
  }
  while (to.size() > 1 && to.ends_with('/')) to.pop_back();
  return AppCopy{{from.text, from.location}, to};
}

std::vector<AppCopy> read_inputs(const YamlNode& step, const ReadContext& context) {
  std::vector<AppCopy> inputs;
  const YamlNode* list = step.find("inputs");
  for (const YamlPointer& item : list == nullptr ? std::vector<YamlPointer>{} : list->items) {
    std::optional<AppCopy> input = read_input(*item, context);
    if (!input) continue;
    const auto other = std::ranges::find_if(inputs, [&](const AppCopy& earlier) {
      return is_at_or_below(earlier.to, input->to) || is_at_or_below(input->to, earlier.to);
    });
    if (other == inputs.end())
      inputs.push_back(std::move(*input));
    else
      add_mistake(context.diagnostics, fmt::format("the input `{}` is at the place of another one", input->to),
                  input->from.location,
                  fmt::format("see line {}; give one of the two another `to`", other->from.location.line));
  }
  return inputs;
}

void read_command(const YamlNode& step, CommandStep& result, Diagnostics& diagnostics) {
  const YamlNode& run = *step.find("run");
  result.command.location = run.location;
  if (run.is(YamlNode::Kind::Scalar)) {
    result.command.value = {"/bin/sh", "-e", "-c", run.text};
    result.shown_command = run.text;
  } else {
    for (const Located<std::string>& argument : texts_below(&step, "run"))
      result.command.value.push_back(argument.value);
    result.shown_command = join(result.command.value, " ");
  }
  const bool has_nul = std::ranges::any_of(
      result.command.value, [](const std::string& word) { return word.find('\0') != std::string::npos; });
  if (has_nul) add_mistake(diagnostics, "this command holds a NUL", run.location, "no program can take it; remove it");
  if (result.command.value.empty() || result.command.value.front().empty() || trim(result.shown_command).empty())
    add_mistake(diagnostics, "`run` has no program", run.location, "write e.g. `run: [python, -m, tools.export]`");
}

}  // namespace

std::vector<CommandStep> read_steps(const YamlNode& root, const ReadContext& context) {
  std::vector<CommandStep> steps;
  const YamlNode* list = root.find("steps");
  for (const YamlPointer& item : list == nullptr ? std::vector<YamlPointer>{} : list->items) {
    CommandStep step;
    step.name = std::to_string(steps.size() + 1);
    if (const YamlNode* name = item->find("name")) {
      step.name = name->text;
      if (!is_spec_name(name->text))
        add_mistake(context.diagnostics, fmt::format("`{}` cannot be a step's name", printable(name->text)),
                    name->location, "use lower-case letters, digits, and single `-`, `_` or `.` between them");
    }
    if (std::ranges::count(steps, step.name, &CommandStep::name) > 0)
      add_mistake(context.diagnostics, fmt::format("two steps have the name `{}`", step.name), item->location,
                  "give one of them another `name`");
    read_command(*item, step, context.diagnostics);
    step.inputs = read_inputs(*item, context);
    const YamlNode* network = item->find("network");
    step.network = network != nullptr && network->text == "true";
    step.env = read_env(item.get(), context.diagnostics);
    steps.push_back(std::move(step));
  }
  return steps;
}

}  // namespace mlbuild::spec
