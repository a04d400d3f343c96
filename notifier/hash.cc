#include "notifier/hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "base/check.h"

namespace nines::notifier {
namespace {

using Digest = std::array<unsigned char, EVP_MAX_MD_SIZE>;

std::string Hex(const Digest& digest, unsigned size) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(size_t{2} * size);
  for (unsigned i = 0; i < size; ++i) {
    out += kDigits[digest[i] >> 4];
    out += kDigits[digest[i] & 15];
  }
  return out;
}

}  // namespace

std::string Sha256Hex(std::string_view text) {
  Digest digest;
  unsigned size = 0;
  CHECK(EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1);
  return Hex(digest, size);
}

std::string HmacSha256Hex(std::string_view secret, std::string_view text) {
  Digest digest;
  unsigned size = 0;
  CHECK(HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(),
             &size) != nullptr);
  return Hex(digest, size);
}

}  // namespace nines::notifier
