#include "google_subject_token.hpp"

#include "credential_helper.hpp"
#include "credential_places.hpp"
#include "google_exchange.hpp"
#include "google_executable.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/sys/file.hpp"

#include <fmt/format.h>

namespace mlbuild {
namespace {

constexpr std::uint64_t kTokenLimitBytes = 256U << 10U;

/// The token is the whole text, or a member of a JSON object: `format` of the credential source.
class TokenFormat {
 public:
  explicit TokenFormat(const CredentialRecord& source) {
    const auto format = source.record("format");
    if (!format) return;
    const std::string type = format->text("type");
    if (type == "json") field_ = format->required("subject_token_field_name");
    if (type.empty() || type == "text" || type == "json") return;
    throw Error(ErrorKind::Step, fmt::format("{}: `type` is neither text nor json", format->what()));
  }

  std::string token(const std::string& text, const std::string& what) const {
    if (!field_.empty()) return CredentialRecord::parse(text, what).required(field_);
    if (trim(text).empty()) throw Error(ErrorKind::Step, fmt::format("{} is empty", what));
    return std::string(trim(text));
  }

 private:
  std::string field_;  ///< "" for text
};

class TokenFile final : public SubjectTokenSource {
 public:
  explicit TokenFile(const CredentialRecord& source) : path_(source.required("file")), format_(source) {}

  std::string fetch() override {
    const std::string what = fmt::format("the token file `{}`", path_);
    try {
      return format_.token(read_text_file(path_, kTokenLimitBytes), what);
    } catch (const Error& failure) {
      if (failure.kind() == ErrorKind::Step) throw;
      throw Error(ErrorKind::Step, fmt::format("{} cannot be read: {}", what, failure.message()));
    }
  }
  std::string describe() const override { return fmt::format("token file `{}`", path_); }

 private:
  const std::string path_;
  const TokenFormat format_;
};

class TokenUrl final : public SubjectTokenSource {
 public:
  // A server of the user's own machine or network gives these tokens; http is usual there, and nothing secret is in the
  // file but the headers.
  TokenUrl(const CredentialRecord& source, const GoogleContext& context)
      : context_(context), url_(source.required("url")), format_(source) {
    if (!url_.starts_with("http://") && !url_.starts_with("https://")) {
      throw Error(ErrorKind::Step, fmt::format("{}: `url` is neither http nor https", source.what()));
    }
    const auto headers = source.record("headers");
    if (!headers) return;
    for (const std::string& name : headers->names()) headers_[name] = headers->text(name);
  }

  std::string fetch() override {
    GoogleRequest request{.url = url_, .headers = headers_};
    for (const auto& [name, value] : headers_) request.secrets.push_back(value);
    return format_.token(ask_google(context_, request), describe());
  }
  std::string describe() const override { return fmt::format("token URL `{}`", printable_url(url_)); }

 private:
  const GoogleContext context_;
  const std::string url_;
  const TokenFormat format_;
  std::map<std::string, std::string> headers_;
};

}  // namespace

std::unique_ptr<SubjectTokenSource> read_subject_token_source(const CredentialRecord& record,
                                                              const SubjectTokenRequest& request,
                                                              const GoogleContext& context) {
  const auto source = record.record("credential_source");
  if (!source) throw Error(ErrorKind::Step, fmt::format("{}: `credential_source` is missing", record.what()));
  if (source->has("file")) return std::make_unique<TokenFile>(*source);
  if (source->has("environment_id")) {
    throw Error(ErrorKind::Step, fmt::format("{}: credentials of AWS are not supported", source->what()))
        .hint("use a source of kind file, url or executable");
  }
  if (source->has("url")) return std::make_unique<TokenUrl>(*source, context);
  if (source->has("executable")) return read_executable_source(*source, request, context);
  throw Error(ErrorKind::Step, fmt::format("{} has neither `file` nor `url` nor `executable`", source->what()));
}

}  // namespace mlbuild
