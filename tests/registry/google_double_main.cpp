// The double as a program, for google_auth_test.py: prints its files as one JSON object, and ends with its standard
// input. Each further line it reads is answered by the kinds of the tokens given so far.

#include "registry/google_double.hpp"

#include <nlohmann/json.hpp>

#include <iostream>
#include <string>

int main() {
  const mlbuild::test::GoogleDouble google;
  using nlohmann::json;
  const auto external = [&](bool impersonates) {
    return json::parse(google.external_account(R"({"file": "SUBJECT_TOKEN_FILE"})", impersonates));
  };
  const json files = {{"service_account", json::parse(google.service_account())},
                      {"wrong_key", json::parse(google.service_account(mlbuild::test::GoogleDouble::other_key()))},
                      {"authorized_user", json::parse(google.authorized_user())},
                      {"external_account", external(false)},
                      {"external_account_impersonating", external(true)},
                      {"impersonated", json::parse(google.impersonated(google.service_account()))},
                      {"subject_token", mlbuild::test::GoogleDouble::kSubjectToken},
                      {"host", google.host()}};
  std::cout << files.dump() << std::endl;
  for (std::string line; std::getline(std::cin, line);) std::cout << json(google.given()).dump() << std::endl;
  return 0;
}
