#include "rules.hpp"

#include "mlbuild/spec/spec.hpp"

#include <nlohmann/json.hpp>

namespace mlbuild {
namespace {

using nlohmann::ordered_json;
using spec::Rule;

ordered_json schema_of(const Rule& rule);

/// YAML reads `3.11`, `1` or `true` as number or boolean before a schema sees them; the parser takes what was written.
ordered_json scalar_schema(const Rule& rule) {
  if (rule.shape == Rule::Shape::Boolean)
    return rule.words.size() == 1 ? ordered_json{{"const", rule.words.front() == "true"}}
                                  : ordered_json{{"type", "boolean"}};
  if (rule.shape == Rule::Shape::Integer) return {{"type", "integer"}};
  if (rule.words == std::vector<std::string>{"1"}) return {{"enum", {1, "1"}}};
  if (!rule.words.empty()) return {{"enum", rule.words}};
  ordered_json schema{{"type", {"string", "number", "boolean"}}};
  if (!rule.pattern.empty()) schema["pattern"] = rule.pattern;
  return schema;
}

/// `KEY:` without a value is null, and means the default.
void admit_null(ordered_json& schema) {
  const ordered_json null{{"type", "null"}};
  if (schema.contains("anyOf")) {
    schema["anyOf"].push_back(null);
  } else if (schema.contains("enum")) {
    schema["enum"].push_back(nullptr);
  } else if (schema.contains("const")) {
    schema["enum"] = {schema["const"], nullptr};
    schema.erase("const");
  } else if (schema["type"].is_array()) {
    schema["type"].push_back("null");
  } else {
    schema["type"] = {schema["type"], "null"};
  }
}

ordered_json list_schema(const Rule& item) { return {{"type", "array"}, {"items", schema_of(item)}}; }

ordered_json mapping_schema(const Rule& rule) {
  ordered_json schema{{"type", "object"}, {"additionalProperties", false}, {"properties", ordered_json::object()}};
  for (const Rule::Key& key : rule.keys) {
    schema["properties"][key.name] = schema_of(key.rule);
    if (key.rule.required)
      schema["required"].push_back(key.name);
    else
      admit_null(schema["properties"][key.name]);
  }
  return schema;
}

ordered_json names_schema(const Rule& rule) {
  ordered_json names{{"type", "object"}, {"additionalProperties", schema_of(rule.item.front())}};
  if (rule.item.front().shape != Rule::Shape::Text) admit_null(names["additionalProperties"]);
  if (rule.words.empty()) return names;
  return {{"anyOf", {ordered_json{{"enum", rule.words}}, names}}};
}

ordered_json shape_schema(const Rule& rule) {
  switch (rule.shape) {
    case Rule::Shape::List:
      return list_schema(rule.item.front());
    case Rule::Shape::TextOrList:
      return {{"anyOf", {ordered_json{{"type", "string"}}, list_schema(rule.item.front())}}};
    case Rule::Shape::TextOrMapping:
      return {{"anyOf", {ordered_json{{"type", "string"}}, mapping_schema(rule)}}};
    case Rule::Shape::Mapping:
      if (!rule.words.empty()) return {{"anyOf", {ordered_json{{"enum", rule.words}}, mapping_schema(rule)}}};
      return mapping_schema(rule);
    case Rule::Shape::Names:
      return names_schema(rule);
    case Rule::Shape::Text:
    case Rule::Shape::Integer:
    case Rule::Shape::Boolean:
      break;
  }
  return scalar_schema(rule);
}

ordered_json schema_of(const Rule& rule) {
  ordered_json schema{{"description", rule.description}};
  schema.update(shape_schema(rule));
  return schema;
}

}  // namespace

std::string spec_json_schema() {
  ordered_json schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", "mlbuild spec"}};
  schema.update(schema_of(spec::spec_rule()));
  return schema.dump(2) + "\n";
}

}  // namespace mlbuild
