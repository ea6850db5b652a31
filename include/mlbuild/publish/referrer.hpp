#pragma once

#include "mlbuild/oci/oci.hpp"
#include "mlbuild/registry/client.hpp"

#include <string>

namespace mlbuild {

/// A document about an image, kept beside it in its repository (image-spec v1.1, manifest.md, "Guidelines for Artifact
/// Usage").
struct Referrer {
  std::string media_type;  ///< of the document; the artifact's type, too
  std::string filename;    ///< "org.opencontainers.image.title"
  std::string created;     ///< RFC 3339
  std::string content;
};

/// The artifact's manifest, canonical JSON. Pure.
std::string referrer_manifest(const Referrer& referrer, const oci::Descriptor& subject);

/// Pushes the document and a manifest that names `subject`, which is in the repository. Unless the registry lists
/// referrers itself (`listed`: lists_referrers()), they are listed by an index under the tag sha256-HEX
/// (distribution-spec v1.1, "Pushing Manifests with Subject", "Unavailable Referrers API"). Returns the digest of the
/// artifact's manifest.
BlobDigest push_referrer(RegistryClient& client, const std::string& repository, const oci::Descriptor& subject,
                         const Referrer& referrer, bool listed);

}  // namespace mlbuild
