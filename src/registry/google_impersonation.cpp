#include "google_impersonation.hpp"

#include "google_exchange.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

namespace mlbuild {
namespace {

using nlohmann::json;

class Impersonated final : public GoogleTokenSource {
 public:
  Impersonated(std::unique_ptr<GoogleTokenSource> source, Impersonation target, const GoogleContext& context)
      : source_(std::move(source)), target_(std::move(target)), context_(context) {}

  GoogleToken fetch() override {
    const GoogleToken own = source_->fetch();
    json body = {{"scope", {kGoogleScope}}, {"lifetime", fmt::format("{}s", target_.lifetime.count())}};
    if (!target_.delegates.empty()) body["delegates"] = target_.delegates;
    GoogleRequest request = json_request(target_.url, body);
    request.headers["Authorization"] = "Bearer " + own.value;
    request.secrets.push_back(own.value);
    return with_context([&] { return "becoming " + describe(); }, [&] { return ask_for_token(context_, request); });
  }
  std::string describe() const override {
    return fmt::format("service account `{}` (as {})", printable(impersonated_email(target_.url)), source_->describe());
  }

 private:
  const std::unique_ptr<GoogleTokenSource> source_;
  const Impersonation target_;
  const GoogleContext context_;
};

}  // namespace

std::unique_ptr<GoogleTokenSource> impersonate(std::unique_ptr<GoogleTokenSource> source, Impersonation target,
                                               const GoogleContext& context) {
  return std::make_unique<Impersonated>(std::move(source), std::move(target), context);
}

std::string impersonated_email(const std::string& url) {
  const std::size_t slash = url.rfind('/');
  const std::size_t colon = url.rfind(':');
  if (slash == std::string::npos || colon == std::string::npos || colon < slash) return "";
  return url.substr(slash + 1, colon - slash - 1);
}

}  // namespace mlbuild
