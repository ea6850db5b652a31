#pragma once

#include "mlbuild/base/digest.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// What maintainer scripts do on a first installation into an empty root, without running them. docs/debian.md,
/// "Maintainer scripts".
namespace mlbuild::debian {

/// One change to the root. Paths are relative and in merged form. Creations mean "if absent", as the scripts do it.
struct ScriptEffect {
  enum class Kind {
    Directory,    ///< path, mode, gid
    EmptyFile,    ///< path, mode, gid
    Text,         ///< path, mode; `value` is the content
    Copy,         ///< path; `value` is a file of the root, copied with its mode
    Symlink,      ///< path; `value` is the target
    Alternative,  ///< path is the generic link, `name` the alternative, `value` the target (absolute), `priority`;
                  ///< highest wins
    CaBundle,     ///< /etc/ssl/certs/ca-certificates.crt and the links to it
    TimeZone,     ///< /etc/localtime, /etc/timezone: UTC
    Warning,      ///< `value` tells what the image goes without; nothing is made
    Accounts,     ///< /etc/passwd, /etc/group (and shadow forms) from base-passwd's masters
  };
  Kind kind = Kind::Directory;
  std::string path;
  std::string value;
  std::string name;
  std::uint32_t mode = 0755;
  std::uint64_t gid = 0;
  int priority = 0;
  friend bool operator==(const ScriptEffect&, const ScriptEffect&) = default;
};

struct ScriptVerdict {
  bool known = false;
  std::vector<ScriptEffect> effects;  ///< when known
  std::string unknown_part;           ///< when not: the first line or command that could not be answered
};

/// Without comments, blank lines and white space at line ends, and with the architecture's names replaced: an editorial
/// change or another architecture keeps the digest.
std::string normalise_script(std::string_view script);
Digest script_digest(std::string_view script);  ///< SHA-256 of the normalised text

/// Answers a script of `package` (`name`: "preinst" or "postinst"): by the table of reviewed scripts, then by
/// interpreting it (shell_effects.hpp).
ScriptVerdict judge_script(std::string_view package, std::string_view name, std::string_view script);

/// What happens to scripts besides what judge_script() says.
struct ScriptChoice {
  std::vector<std::string> ignored;  ///< packages whose unknown scripts are left out
  std::vector<std::string> run;      ///< packages whose scripts run in the sandbox, known or not
  bool run_unknown = false;          ///< likewise all that are not known, or not answered in full
};
/// Whether the scripts of a package, given by name, run in the sandbox instead of being answered.
bool must_run(const ScriptChoice& choice, std::string_view package, const std::map<std::string, std::string>& scripts);

/// Reads the table's notation: "dir var/mail 2775 8; copy usr/share/x etc/x; none", see script_table.cpp. Throws
/// Error{Internal}.
std::vector<ScriptEffect> parse_effects(std::string_view notation);

}  // namespace mlbuild::debian
