#pragma once

#include "mlbuild/base/digest.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild::python {

/// "Core metadata specifications": the RFC 822-like fields that mlbuild reads.
struct Metadata {
  std::string name, version, requires_python, summary, license, license_expression;
  std::vector<std::string> requires_dist, provides_extra;
  static Metadata parse(std::string_view text);  ///< throws Error{Foreign}
};

/// PEP 427, "File contents": the WHEEL file.
struct WheelFile {
  std::string wheel_version;
  bool root_is_purelib = true;
  std::vector<std::string> tags;
  std::string build;
  static WheelFile parse(std::string_view text);
};

/// "Recording installed projects": RECORD rows (CSV, RFC 4180).
struct RecordRow {
  std::string path;
  std::string hash_algorithm;  ///< "" when the field is empty
  std::string hash_value;      ///< urlsafe base64 without padding
  std::optional<std::uint64_t> size_bytes;
};
std::vector<RecordRow> parse_record(std::string_view text);     ///< throws Error{Foreign} on broken CSV
std::string format_record(const std::vector<RecordRow>& rows);  ///< sorted as given, "\n" line ends
std::string record_hash(const Digest& sha256);                  ///< urlsafe base64 without '='

/// "Entry points specification": console_scripts and gui_scripts.
struct EntryPoint {
  std::string name;  ///< the script's file name
  std::string module;
  std::string attribute;  ///< "main" or "cli.main"
  bool gui = false;
};
/// Throws Error{Foreign} for an entry without callable or a name that is no plain file name.
std::vector<EntryPoint> parse_entry_points(std::string_view text);
/// The wrapper script that calls the entry point; ends up mode 0755.
std::string entry_point_script(const EntryPoint& entry, std::string_view interpreter);

/// A script of .data/scripts with its `#!python...` line replaced as pip does (whole line, arguments lost; CRLF kept);
/// nullopt: unchanged.
std::optional<std::string> rewrite_shebang(std::string_view script, std::string_view interpreter);

}  // namespace mlbuild::python
