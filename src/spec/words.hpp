#pragma once

#include <optional>
#include <string>
#include <string_view>

/// What the words in a spec may look like. Each answers for one kind of value; the caller knows place and way out.
namespace mlbuild::spec {

bool is_spec_name(std::string_view text);            ///< usable as an OCI repository name component
bool is_env_name(std::string_view text);             ///< POSIX.1-2017, 8.1: letters, digits and `_`, no digit first
bool is_label_name(std::string_view text);           ///< printable, no white space, no `=`
bool is_user(std::string_view text);                 ///< UID[:GID] up to 2^31-1, or NAME[:GROUP]
bool is_stop_signal(std::string_view text);          ///< SIGTERM, SIGRTMIN+3, 15
bool is_debian_package_name(std::string_view text);  ///< Debian policy 5.6.1
bool is_date_or_time(std::string_view text);         ///< 2024-06-01 or RFC 3339 date-time, a day that exists
std::optional<std::string> port_text(
    std::string_view text);  ///< "8080" and "8080/tcp" are "8080/tcp"; nullopt when it is none

/// Collapses repeated slashes and `.` parts, keeps a slash at the end. nullopt unless absolute and without `..`.
std::optional<std::string> clean_image_path(std::string_view text);
/// The top directory of an image path that must not be written to: mounted by the runtime (/proc, /sys, /dev), or a
/// link of the merged-usr layout (/bin, /lib, ...), which a directory in a layer would replace.
std::optional<std::string> reserved_top(std::string_view clean_path);

}  // namespace mlbuild::spec
