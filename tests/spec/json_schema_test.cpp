#include "../../src/spec/rules.hpp"

#include "mlbuild/spec/spec.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace mlbuild {
namespace {

using nlohmann::json;

void collect_rules(const spec::Rule& rule, const std::string& path, std::set<std::string>& paths) {
  for (const spec::Rule::Key& key : rule.keys) {
    paths.insert(path + "." + key.name);
    collect_rules(key.rule, path + "." + key.name, paths);
  }
  for (const spec::Rule& item : rule.item) collect_rules(item, path + ".*", paths);
}

void collect_schema(const json& schema, const std::string& path, std::set<std::string>& paths) {
  if (schema.contains("properties")) {
    for (const auto& [name, below] : schema["properties"].items()) {
      paths.insert(path + "." + name);
      collect_schema(below, path + "." + name, paths);
    }
  }
  for (const json& alternative : schema.value("anyOf", json::array())) collect_schema(alternative, path, paths);
  if (schema.contains("items")) collect_schema(schema["items"], path + ".*", paths);
  if (schema.contains("additionalProperties") && schema["additionalProperties"].is_object())
    collect_schema(schema["additionalProperties"], path + ".*", paths);
}

TEST(JsonSchema, HasExactlyTheKeysThatTheParserKnows) {
  std::set<std::string> parsed, described;
  collect_rules(spec::spec_rule(), "", parsed);
  collect_schema(json::parse(spec_json_schema()), "", described);
  EXPECT_EQ(parsed, described);
  EXPECT_TRUE(parsed.contains(".variants.*.config.env"));
}

void expect_descriptions(const json& schema) {
  if (!schema.is_object()) return;
  const json properties = schema.value("properties", json::object());
  for (const auto& [name, below] : properties.items()) {
    EXPECT_FALSE(below.value("description", "").empty()) << name;
    expect_descriptions(below);
  }
}

TEST(JsonSchema, DescribesEveryKey) { expect_descriptions(json::parse(spec_json_schema())); }

TEST(JsonSchema, SaysWhichDialectItIsAndRefusesUnknownKeys) {
  const json schema = json::parse(spec_json_schema());
  EXPECT_EQ(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
  EXPECT_EQ(schema["additionalProperties"], false);
  EXPECT_EQ(schema["required"], (json{"version", "name"}));
}

bool has(const json& list, const json& value) { return std::count(list.begin(), list.end(), value) == 1; }

bool admits_null(const json& schema) {
  if (schema.contains("enum")) return has(schema["enum"], nullptr);
  if (schema.contains("anyOf")) return std::any_of(schema["anyOf"].begin(), schema["anyOf"].end(), admits_null);
  return has(schema["type"], "null");
}

/// As the parser does, for which `KEY:` without a value means the default.
void expect_null_where_optional(const json& schema, const std::string& path) {
  const json properties = schema.value("properties", json::object());
  const json required = schema.value("required", json::array());
  for (const auto& [name, below] : properties.items()) {
    EXPECT_NE(admits_null(below), has(required, name)) << path << "." << name;
    expect_null_where_optional(below, path + "." + name);
  }
  for (const json& alternative : schema.value("anyOf", json::array())) expect_null_where_optional(alternative, path);
  for (const char* word : {"items", "additionalProperties"}) {
    if (schema.contains(word) && schema[word].is_object()) expect_null_where_optional(schema[word], path + ".*");
  }
}

TEST(JsonSchema, KeysWithoutAValueMeanTheDefault) {
  const json schema = json::parse(spec_json_schema());
  expect_null_where_optional(schema, "");
  EXPECT_TRUE(admits_null(schema["properties"]["variants"]["additionalProperties"]));  // `variants: {serve: }`
  EXPECT_FALSE(admits_null(schema["properties"]["config"]["properties"]["env"]["additionalProperties"]));
}

}  // namespace
}  // namespace mlbuild
