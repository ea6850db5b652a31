#pragma once

#include "mlbuild/sys/cancel.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace mlbuild {

/// Checks a clear-signed text (RFC 9580, 7) by gpgv against `keyring` and returns exactly the text that was signed:
/// nothing outside the signature is ever read. At least one signature must be good (GOODSIG and VALIDSIG) and none may
/// be bad; signatures of keys that the keyring lacks are ignored, as an archive signs with its next key before that key
/// is everywhere. Throws Error{Foreign} for a bad signature, Error{Step} with the Debian package to install when gpgv
/// or the keyring is missing.
std::string verify_clear_signature(std::string_view signed_text, const std::filesystem::path& keyring,
                                   const Cancellation& cancellation);

}  // namespace mlbuild
