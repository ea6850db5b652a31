#include "google_executable.hpp"

#include "credential_helper.hpp"
#include "credential_places.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/sys/child_process.hpp"
#include "mlbuild/sys/file.hpp"

#include <fmt/format.h>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kDefaultTimeoutMillis = 30000;
constexpr std::int64_t kMinTimeoutMillis = 5000;
constexpr std::int64_t kMaxTimeoutMillis = 120000;
constexpr std::size_t kOutputLimitBytes = 1U << 20U;
constexpr std::size_t kShownBytes = 300;
constexpr const char* kSaml = "urn:ietf:params:oauth:token-type:saml2";

std::chrono::milliseconds timeout_of(const CredentialRecord& executable) {
  const std::int64_t millis = executable.number("timeout_millis").value_or(kDefaultTimeoutMillis);
  if (millis >= kMinTimeoutMillis && millis <= kMaxTimeoutMillis) return std::chrono::milliseconds(millis);
  throw Error(ErrorKind::Step, fmt::format("{}: `timeout_millis` is not between {} and {}", executable.what(),
                                           kMinTimeoutMillis, kMaxTimeoutMillis));
}

/// Words separated by blanks, without quoting, as Google's own clients take it.
std::vector<std::string> words_of(const std::string& command) {
  std::vector<std::string> words;
  for (const std::string_view word : split(command, ' ')) {
    if (!trim(word).empty()) words.emplace_back(trim(word));
  }
  return words;
}

class Executable final : public SubjectTokenSource {
 public:
  Executable(const CredentialRecord& executable, SubjectTokenRequest request, const GoogleContext& context)
      : context_(context),
        request_(std::move(request)),
        command_(executable.required("command")),
        output_file_(executable.text("output_file")),
        timeout_(timeout_of(executable)) {}

  std::string fetch() override {
    const auto allowed = variable(context_.options.environment, "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES");
    if (allowed != "1") {
      throw Error(ErrorKind::Step, fmt::format("{} may not run", describe()))
          .hint("set `GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES=1` if you trust the credentials file");
    }
    if (const auto token = token_of_output_file()) return *token;
    return run();
  }
  std::string describe() const override {
    const auto words = words_of(command_);
    return fmt::format("token program `{}`", words.empty() ? "" : words.front());  // arguments may hold secrets
  }

 private:
  /// What an earlier run left, while it is good.
  std::optional<std::string> token_of_output_file() const {
    if (output_file_.empty() || !fs::exists(output_file_)) return std::nullopt;
    const std::string text = read_text_file(output_file_, kOutputLimitBytes);
    if (trim(text).empty()) return std::nullopt;
    const CredentialRecord record = CredentialRecord::parse(text, fmt::format("the output file `{}`", output_file_));
    const auto expiry = record.number("expiration_time");
    const auto now = std::chrono::system_clock::to_time_t(context_.options.now());
    if (!record.flag("success") || !expiry || *expiry <= now) return std::nullopt;
    return token_of(record);
  }

  std::string run() const {
    Command command;
    command.argv = words_of(command_);
    if (command.argv.empty()) throw Error(ErrorKind::Step, "`command` of the credential source is empty");
    command.env = environment();
    command.deadline = timeout_;
    command.output_limit_bytes = kOutputLimitBytes;
    const CommandResult result = run_command(command, context_.cancellation);
    if (!result.ok()) {
      const std::string words = printable(trim(result.err).substr(0, kShownBytes));
      const bool late = result.end == CommandResult::End::DeadlinePassed;
      throw Error(ErrorKind::Step, fmt::format("{} {}{}{}", describe(),
                                               late ? fmt::format("did not answer in {} ms", timeout_.count())
                                                    : fmt::format("ended with {}", result.code),
                                               words.empty() ? "" : ": ", words));
    }
    return token_of(CredentialRecord::parse(result.out, fmt::format("the answer of {}", describe())));
  }

  std::map<std::string, std::string> environment() const {
    auto environment = environment_for_programs(context_.options.environment);
    environment["GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE"] = request_.audience;
    environment["GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE"] = request_.token_type;
    environment["GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE"] = "0";
    if (!request_.impersonated_email.empty()) {
      environment["GOOGLE_EXTERNAL_ACCOUNT_IMPERSONATED_EMAIL"] = request_.impersonated_email;
    }
    if (!output_file_.empty()) environment["GOOGLE_EXTERNAL_ACCOUNT_OUTPUT_FILE"] = output_file_;
    return environment;
  }

  std::string token_of(const CredentialRecord& answer) const {
    if (!answer.flag("success")) {
      throw Error(ErrorKind::Step, fmt::format("{} has no token: {} {}", describe(), printable(answer.text("code")),
                                               printable(answer.text("message").substr(0, kShownBytes))));
    }
    const auto expiry = answer.number("expiration_time");
    if (expiry && *expiry <= std::chrono::system_clock::to_time_t(context_.options.now())) {
      throw Error(ErrorKind::Step, fmt::format("{} answers a token that has expired", describe()));
    }
    return answer.required(answer.text("token_type") == kSaml ? "saml_response" : "id_token");
  }

  const GoogleContext context_;
  const SubjectTokenRequest request_;
  const std::string command_;
  const std::string output_file_;
  const std::chrono::milliseconds timeout_;
};

}  // namespace

std::unique_ptr<SubjectTokenSource> read_executable_source(const CredentialRecord& source,
                                                           const SubjectTokenRequest& request,
                                                           const GoogleContext& context) {
  const auto executable = source.record("executable");
  if (!executable) throw Error(ErrorKind::Internal, "the credential source has no executable");
  return std::make_unique<Executable>(*executable, request, context);
}

}  // namespace mlbuild
