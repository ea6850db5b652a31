#include "mlbuild/report/image_page.hpp"

#include "page/page_text.hpp"

#include "mlbuild/base/base64.hpp"
#include "mlbuild/base/digest.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"

#include <map>
#include <string_view>

namespace mlbuild {
namespace {

/// For CSP: the element's text is allowed by its hash, everything else is not.
std::string hash_of(std::string_view text) {
  const Digest digest = sha256(text);
  return base64(as_text(digest.bytes));
}

/// JSON inside <script>: no character of it may end the element or begin a comment (HTML, 13.2.5.17 and following).
std::string for_script_element(std::string_view json) {
  std::string text;
  text.reserve(json.size());
  for (const char c : json) {
    switch (c) {
      case '<':
        text += "\\u003c";
        break;
      case '>':
        text += "\\u003e";
        break;
      case '&':
        text += "\\u0026";
        break;
      default:
        text.push_back(c);
    }
  }
  return text;
}

/// Replaces @NAME@ of the template once: what is put in is not looked at again.
std::string fill(std::string_view page, const std::map<std::string_view, std::string>& values) {
  std::string text;
  while (!page.empty()) {
    const auto begin = page.find('@');
    const auto end = begin == std::string_view::npos ? begin : page.find('@', begin + 1);
    if (end == std::string_view::npos) return text.append(page);
    const auto value = values.find(page.substr(begin + 1, end - begin - 1));
    if (value == values.end()) throw Error(ErrorKind::Internal, "the page's template names an unknown part");
    text.append(page.substr(0, begin)).append(value->second);
    page.remove_prefix(end + 1);
  }
  return text;
}

}  // namespace

std::string image_page(const InspectedImage& image, const ComparedImage* compared, const std::vector<Finding>& findings,
                       const PageLimits& limits) {
  return fill(page::kHtml, {{"STYLE", std::string(page::kStyle)},
                            {"SCRIPT", std::string(page::kScript)},
                            {"STYLE_HASH", hash_of(page::kStyle)},
                            {"SCRIPT_HASH", hash_of(page::kScript)},
                            {"DATA", for_script_element(image_page_json(image, compared, findings, limits))}});
}

}  // namespace mlbuild
