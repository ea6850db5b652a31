#pragma once

#include "mlbuild/net/url.hpp"

#include <string_view>

namespace mlbuild {

/// localhost, 127.0.0.0/8, [::1].
bool is_loopback(std::string_view host);

/// An IP literal that means something else to everybody: loopback, private (RFC 1918, RFC 4193), link-local
/// (169.254.0.0/16 has the metadata servers of clouds), unspecified. Also the spellings of IPv4 that only some parsers
/// know (decimal, octal, hexadecimal, mapped into IPv6). Names are not looked up.
bool is_local_literal(std::string_view host);

/// A registry says where tokens are to be had and where uploads go; a malicious or broken one could send a login or a
/// probe to a server of the user's own network. `target` may be http only when the registry is, and a local IP literal
/// only when the registry is reached at the same host and port, or is on loopback itself. Throws Error{Network} that
/// begins with `what`: "the token server".
void check_named_server(const Url& target, const Url& registry, std::string_view what);

}  // namespace mlbuild
