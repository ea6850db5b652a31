#include "clear_signature.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/sys/child_process.hpp"
#include "mlbuild/sys/file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

constexpr const char* kBegin = "-----BEGIN PGP SIGNED MESSAGE-----";
constexpr const char* kEnd = "-----END PGP SIGNATURE-----";
constexpr std::size_t kVerifiedTextLimitBytes = 32U << 20U;

[[noreturn]] void throw_bad_signature(const std::string& why) {
  throw Error(ErrorKind::Foreign, fmt::format("the signature is not good: {}", why))
      .hint("the mirror or a proxy changed the file, or `debian-keyring` does not hold this archive's keys");
}

fs::path require_gpgv() {
  if (const std::optional<fs::path> program = find_program("gpgv")) return *program;
  throw Error(ErrorKind::Step, "`gpgv` is not installed; it checks the signature of Debian's package lists")
      .hint("`apt-get install gpgv`");
}

void require_keyring(const fs::path& keyring) {
  if (fs::exists(keyring)) return;
  throw Error(ErrorKind::Step,
              fmt::format("keyring `{}` is missing; it holds the keys of the Debian archive", keyring.string()))
      .hint("`apt-get install debian-archive-keyring`, or name another file as `debian-keyring` in config.yaml");
}

// One message and nothing around it. gpgv reports what it finds in the whole file; with a second message or text beside
// the first one it would no longer be plain which text a good signature covers.
void require_single_message(std::string_view text) {
  const std::vector<std::string_view> lines = split_lines(text);
  const auto count = [&](std::string_view marker) {
    return std::ranges::count_if(lines, [&](std::string_view line) { return trim(line) == marker; });
  };
  const auto last =
      std::find_if(lines.rbegin(), lines.rend(), [](std::string_view line) { return !trim(line).empty(); });
  const bool single = count(kBegin) == 1 && count(kEnd) == 1 && trim(lines.front()) == kBegin && trim(*last) == kEnd;
  if (!single) throw_bad_signature("it is not one clear-signed text");
}

/// What the status lines say (GnuPG, doc/DETAILS, "Format of the --status-fd output").
struct Verdict {
  int good = 0;
  int plain_texts = 0;
  std::string bad;  ///< first line that forbids trust
  std::string missing_key;

  static Verdict parse(std::string_view status);
};

Verdict Verdict::parse(std::string_view status) {
  constexpr std::string_view kPrefix = "[GNUPG:] ";
  Verdict verdict;
  bool good_signature = false;  // GOODSIG of the signature at hand; VALIDSIG must follow
  for (std::string_view line : split_lines(status)) {
    if (!line.starts_with(kPrefix)) continue;
    line.remove_prefix(kPrefix.size());
    const std::string_view keyword = line.substr(0, line.find(' '));
    if (keyword == "NEWSIG") good_signature = false;
    if (keyword == "GOODSIG") good_signature = true;
    if (keyword == "VALIDSIG" && good_signature) ++verdict.good;
    if (keyword == "PLAINTEXT") ++verdict.plain_texts;
    if (keyword == "NO_PUBKEY") verdict.missing_key = line.substr(keyword.size());
    if ((keyword == "BADSIG" || keyword == "NODATA" || keyword == "BADARMOR") && verdict.bad.empty())
      verdict.bad = line;
  }
  return verdict;
}

}  // namespace

std::string verify_clear_signature(std::string_view signed_text, const fs::path& keyring,
                                   const Cancellation& cancellation) {
  require_single_message(signed_text);
  require_keyring(keyring);
  const TempDir home;
  const fs::path input = home.path() / "signed";
  write_file_atomically(input, signed_text);

  const fs::path output = home.path() / "verified";

  Command gpgv;
  // stderr carries nothing but status lines: a key's user id in a message for humans could otherwise imitate one.
  gpgv.argv = {require_gpgv().string(), "--status-fd", "2", "--logger-fd", "1", "--weak-digest", "SHA1"};
  for (const auto& [option, path] : {std::pair{"--homedir", home.path()}, std::pair{"--keyring", fs::absolute(keyring)},
                                     std::pair{"--output", output}}) {
    gpgv.argv.insert(gpgv.argv.end(), {option, path.string()});
  }
  gpgv.argv.push_back(input.string());
  gpgv.env = {{"LC_ALL", "C"}, {"PATH", "/usr/bin:/bin"}};
  const CommandResult result = run_command(gpgv, cancellation);

  const Verdict verdict = Verdict::parse(result.err);
  if (!verdict.bad.empty()) throw_bad_signature(fmt::format("gpgv says `{}`", printable(verdict.bad)));
  if (verdict.good == 0 && !verdict.missing_key.empty()) {
    throw_bad_signature(
        fmt::format("keyring `{}` lacks key {}", keyring.string(), printable(trim(verdict.missing_key))));
  }
  if (verdict.good == 0 || verdict.plain_texts != 1) throw_bad_signature("gpgv found no valid one");
  if (result.end != CommandResult::End::Exited) throw_bad_signature("gpgv did not finish");
  return read_text_file(output, kVerifiedTextLimitBytes);
}

}  // namespace mlbuild
