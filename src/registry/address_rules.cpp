#include "address_rules.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/net/http.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace mlbuild {
namespace {

bool is_local_v4(std::uint32_t address) {
  const std::uint32_t top = address >> 24U;
  const std::uint32_t second = (address >> 16U) & 0xFFU;
  return top == 0 || top == 10 || top == 127 || (top == 172 && second >= 16 && second < 32) ||
         (top == 192 && second == 168) || (top == 169 && second == 254) || (top == 100 && second >= 64 && second < 128);
}

/// What inet_aton takes, which is also what libcurl and resolvers take: "10.1", "0x7f.1", "2130706433".
std::optional<std::uint32_t> v4_of(const std::string& host) {
  in_addr address{};
  if (::inet_aton(host.c_str(), &address) == 0) return std::nullopt;
  return ntohl(address.s_addr);
}

using V6 = std::array<std::uint8_t, 16>;

std::optional<V6> v6_of(std::string host) {
  if (host.size() < 2 || host.front() != '[' || host.back() != ']') return std::nullopt;
  host = host.substr(1, host.size() - 2);
  host = host.substr(0, host.find('%'));  // a zone
  V6 address{};
  if (::inet_pton(AF_INET6, host.c_str(), address.data()) != 1) return std::nullopt;
  return address;
}

/// ::ffff:a.b.c.d, ::a.b.c.d and 64:ff9b::a.b.c.d carry an IPv4 address.
std::optional<std::uint32_t> embedded_v4(const V6& address) {
  const bool zero10 = std::all_of(address.begin(), address.begin() + 10, [](auto byte) { return byte == 0; });
  const bool mapped =
      zero10 && ((address[10] == 0xFF && address[11] == 0xFF) || (address[10] == 0 && address[11] == 0));
  const bool translated = address[0] == 0 && address[1] == 0x64 && address[2] == 0xFF && address[3] == 0x9B;
  if (!mapped && !translated) return std::nullopt;
  return std::uint32_t{address[12]} << 24U | std::uint32_t{address[13]} << 16U | std::uint32_t{address[14]} << 8U |
         std::uint32_t{address[15]};
}

bool is_local_v6(const V6& address) {
  if (const auto v4 = embedded_v4(address)) return is_local_v4(*v4);  // ::1 and :: are 0.0.0.1 and 0.0.0.0
  const bool unique_local = (address[0] & 0xFEU) == 0xFC;
  const bool link_local = address[0] == 0xFE && (address[1] & 0xC0U) == 0x80;
  return unique_local || link_local;
}

}  // namespace

bool is_loopback(std::string_view host) {
  if (host == "localhost" || host == "[::1]") return true;
  const std::optional<std::uint32_t> v4 = v4_of(std::string(host));
  return v4 && *v4 >> 24U == 127;
}

bool is_local_literal(std::string_view host) {
  if (const auto v4 = v4_of(std::string(host))) return is_local_v4(*v4);
  const auto v6 = v6_of(std::string(host));
  return v6 && is_local_v6(*v6);
}

void check_named_server(const Url& target, const Url& registry, std::string_view what) {
  const bool same_place = target.host == registry.host && target.port == registry.port;
  const bool downgrade = target.scheme != "https" && registry.scheme == "https";
  const bool inward = is_local_literal(target.host) && !same_place && !is_loopback(registry.host);
  if (target.scheme != "file" && !downgrade && !inward) return;
  throw Error(ErrorKind::Network, fmt::format("{} that registry `{}` names is `{}`, which is refused because it is {}",
                                              what, registry.host_port(), printable_url(target.to_string()),
                                              inward ? "an address inside a private network" : "not encrypted"))
      .hint("ask who runs the registry; a proxy that does not tell it its public address is a frequent cause");
}

}  // namespace mlbuild
