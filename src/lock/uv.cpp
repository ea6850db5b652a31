#include "uv.hpp"

#include "host_network.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/net/url.hpp"
#include "mlbuild/sys/file.hpp"

#include <fmt/format.h>

#include <set>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kAnswerLimit = std::uint64_t{64} << 20U;
constexpr std::chrono::seconds kDeadline{900};

void write_file(const fs::path& path, const std::string& text) {
  AtomicFile file(path, 0600);
  file.write(as_bytes(text));
  file.commit();
}

std::set<std::string> hosts_of(const std::vector<std::string>& urls) {
  std::set<std::string> hosts;
  for (const std::string& url : urls) hosts.insert(Url::parse(url).host);
  return hosts;
}

void replace_all(std::string& text, const std::string& from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

}  // namespace

Uv::Uv(const ResolveContext& context, fs::path root, fs::path program)
    : context_(context), root_(std::move(root)), program_(std::move(program)) {}

SandboxJob Uv::job(const UvRequest& request, const fs::path& work) const {
  const fs::path cache = context_.store.tool_cache("uv");
  SandboxJob job;
  job.roots = {root_};
  job.mounts = {{program_, "/mlbuild/uv", false}, {work, "/mlbuild/work", true}, {cache, "/mlbuild/cache", true}};
  job.env = {{"HOME", "/mlbuild/work"},
             {"PATH", "/usr/bin:/bin"},
             {"LANG", "C.UTF-8"},
             {"TZ", "UTC"},  // a date in exclude-newer means a day of the time zone
             {"UV_CACHE_DIR", "/mlbuild/cache"},
             {"UV_DEFAULT_INDEX", context_.site.require_index().url},
             {"UV_HTTP_TIMEOUT", "60"},
             {"NETRC", "/mlbuild/work/netrc"}};
  add_host_network(job);
  job.argv = uv_arguments(request);
  job.argv.insert(job.argv.begin(), "/mlbuild/uv/uv");
  job.argv.insert(job.argv.end(), {"--python", "/usr/bin/python" + request.target.python_version});
  job.working_directory = "/mlbuild/work";
  job.network = true;
  job.deadline = kDeadline;
  return job;
}

std::vector<std::string> Uv::index_urls(const UvRequest& request) const {
  std::vector<std::string> urls = {context_.site.require_index().url};
  for (const PythonIndex& index : request.indexes) urls.push_back(index.url);
  return urls;
}

void Uv::write_inputs(const UvRequest& request, const fs::path& work) const {
  for (const auto& [name, text] : uv_input_files(request)) write_file(work / name, text);
  write_file(work / "netrc", host_credentials(hosts_of(index_urls(request))));
}

std::string Uv::without_secrets(std::string text, const UvRequest& request) const {
  for (const std::string& url : index_urls(request)) {
    const std::string user_info = Url::parse(url).user_info;
    if (user_info.empty()) continue;
    replace_all(text, user_info + "@", "");
    const std::size_t colon = user_info.find(':');
    if (colon != std::string::npos && colon + 1 < user_info.size())
      replace_all(text, user_info.substr(colon + 1), "***");
  }
  return text;
}

UvAnswer Uv::ask(const UvRequest& request) {
  const fs::path scratch = context_.store.root() / "tmp";
  make_directories(scratch);
  const TempDir work(scratch, "resolve-");
  write_inputs(request, work.path());
  const SandboxOutcome outcome = context_.sandbox.run(job(request, work.path()), context_.cancellation);
  UvAnswer answer;
  answer.messages = without_secrets(outcome.err, request);
  if (outcome.end == SandboxOutcome::End::DeadlinePassed)
    throw Error(ErrorKind::Step, fmt::format("the resolver did not finish within {} seconds", kDeadline.count()))
        .while_doing(answer.messages);
  if (outcome.end != SandboxOutcome::End::Exited)
    throw Error(ErrorKind::Step, fmt::format("the resolver was killed (signal {})", outcome.code))
        .while_doing(answer.messages);
  answer.ok = outcome.ok();
  if (answer.ok) answer.text = read_text_file(work.path() / uv_output_file(request), kAnswerLimit);
  return answer;
}

}  // namespace mlbuild
