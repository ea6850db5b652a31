#include "../../src/spec/rules.hpp"

#include "mlbuild/spec/spec.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

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

}  // namespace
}  // namespace mlbuild
