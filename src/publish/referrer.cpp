#include "mlbuild/publish/referrer.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>

namespace mlbuild {
namespace {

constexpr std::string_view kEmptyMediaType = "application/vnd.oci.empty.v1+json";
constexpr std::string_view kEmptyJson = "{}";

oci::Descriptor describe(std::string_view media_type, std::string_view content) {
  oci::Descriptor descriptor;
  descriptor.media_type = media_type;
  descriptor.digest = BlobDigest(sha256(content));
  descriptor.size_bytes = content.size();
  return descriptor;
}

void push_text(RegistryClient& client, const std::string& repository, const std::string& text) {
  const BlobDigest digest(sha256(text));
  if (client.has_blob(repository, digest)) return;
  const auto open = [&text] { return std::make_unique<SpanSource>(as_bytes(text)); };
  client.push_blob(repository, {digest, text.size(), open, {}}, nullptr);
}

void put(RegistryClient& client, const std::string& repository, const std::string& reference,
         std::string_view media_type, const std::string& bytes) {
  if (client.put_manifest(repository, reference, media_type, bytes)) return;
  throw Error(ErrorKind::Network,
              fmt::format("registry `{}` says that a blob is missing which it has just taken", client.registry()));
}

/// What else is known of the subject does not belong here.
nlohmann::json subject_json(const oci::Descriptor& subject) {
  return {{"mediaType", subject.media_type}, {"digest", subject.digest.to_string()}, {"size", subject.size_bytes}};
}

/// Others may have listed theirs: these stay.
void list_under_tag(RegistryClient& client, const std::string& repository, const BlobDigest& subject,
                    const oci::Descriptor& artifact) {
  const std::string tag = "sha256-" + subject.hex();
  oci::Index index;
  const auto there = client.fetch_manifest(repository, tag, RepositoryUse::Push);
  if (there && oci::is_index_type(there->media_type)) index = oci::parse_index(there->bytes);
  const auto is_it = [&](const oci::Descriptor& other) { return other.digest == artifact.digest; };
  if (std::ranges::any_of(index.manifests, is_it)) return;
  index.manifests.push_back(artifact);
  put(client, repository, tag, oci::kIndexMediaType, oci::to_json(index));
}

}  // namespace

std::string referrer_manifest(const Referrer& referrer, const oci::Descriptor& subject) {
  oci::Manifest manifest;
  manifest.artifact_type = referrer.media_type;
  manifest.config = describe(kEmptyMediaType, kEmptyJson);
  manifest.layers.push_back(describe(referrer.media_type, referrer.content));
  manifest.layers.front().annotations["org.opencontainers.image.title"] = referrer.filename;
  manifest.annotations["org.opencontainers.image.created"] = referrer.created;
  nlohmann::json value = nlohmann::json::parse(oci::to_json(manifest));
  value["subject"] = subject_json(subject);
  return value.dump();
}

BlobDigest push_referrer(RegistryClient& client, const std::string& repository, const oci::Descriptor& subject,
                         const Referrer& referrer, bool listed) {
  const std::string json = referrer_manifest(referrer, subject);
  push_text(client, repository, std::string(kEmptyJson));
  push_text(client, repository, referrer.content);
  oci::Descriptor artifact = describe(oci::kManifestMediaType, json);
  put(client, repository, artifact.digest.to_string(), oci::kManifestMediaType, json);
  artifact.artifact_type = referrer.media_type;
  artifact.annotations["org.opencontainers.image.created"] = referrer.created;
  if (!listed) list_under_tag(client, repository, subject.digest, artifact);
  return artifact.digest;
}

}  // namespace mlbuild
