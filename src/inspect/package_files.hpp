#pragma once

#include <map>
#include <string>
#include <string_view>

namespace mlbuild {

/// Whether the file at this path tells of an installed package: of Python (Binary distribution format, "The .dist-info
/// directory") or of Debian (dpkg's database, in the form of dpkg or of images without a package manager).
bool tells_package(std::string_view path);

bool is_record(std::string_view path);    ///< ....dist-info/RECORD
bool is_metadata(std::string_view path);  ///< ....dist-info/METADATA

/// Takes out METADATA and RECORD of distributions that are not installed: what a package carries inside of itself
/// (setuptools/_vendor) and conda's cache. `texts`: all that are seen in the image, by path. docs/inspect.md
void keep_installed(std::map<std::string, std::string_view>& texts);

bool is_dpkg_status(std::string_view path);  ///< the one file, or one of a package
bool is_dpkg_list(std::string_view path);    ///< paths of a package, one a line
bool is_dpkg_sums(std::string_view path);    ///< the same, behind their sums

bool configures_loader(std::string_view path);  ///< /etc/ld.so.conf and what it includes

/// "libc6" of "var/lib/dpkg/info/libc6:amd64.list" and "var/lib/dpkg/status.d/libc6.md5sums".
std::string_view dpkg_package(std::string_view path);

}  // namespace mlbuild
