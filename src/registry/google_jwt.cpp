#include "google_jwt.hpp"

#include "mlbuild/base/base64.hpp"
#include "mlbuild/base/error.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>

namespace mlbuild {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

/// Without it OpenSSL asks for the passphrase of an encrypted key on the terminal.
extern "C" int no_passphrase(char*, int, int, void*) { return -1; }

std::unique_ptr<EVP_PKEY, Free> read_key(std::string_view pem) {
  const std::unique_ptr<BIO, Free> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  std::unique_ptr<EVP_PKEY, Free> key;
  if (bio) key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (key && EVP_PKEY_is_a(key.get(), "RSA") == 1) return key;
  ERR_clear_error();
  throw Error(ErrorKind::Step, "`private_key` is no RSA key in PEM form")
      .hint("download a new key of the service account; editors and shells like to break the line ends of keys");
}

std::string sign(std::string_view text, EVP_PKEY* key) {
  const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key)), '\0');
  std::size_t size = signature.size();
  const bool done =
      context && EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes, text.size()) == 1;
  if (!done) {
    ERR_clear_error();
    throw Error(ErrorKind::Step, "`private_key` cannot sign");
  }
  signature.resize(size);
  return signature;
}

}  // namespace

std::string signed_jwt(const nlohmann::json& claims, const std::string& key_id, std::string_view private_key) {
  const auto key = read_key(private_key);
  nlohmann::json header = {{"alg", "RS256"}, {"typ", "JWT"}};
  if (!key_id.empty()) header["kid"] = key_id;
  const std::string text = base64_url(header.dump()) + "." + base64_url(claims.dump());
  return text + "." + base64_url(sign(text, key.get()));
}

}  // namespace mlbuild
