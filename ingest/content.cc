#include "ingest/content.h"

#include <algorithm>
#include <string>

#include "base/labels.h"

namespace nines::ingest {
namespace {

constexpr std::string_view kMediaType = "application/x-protobuf";
constexpr std::string_view kProtoV1 = "prometheus.WriteRequest";
constexpr std::string_view kProtoV2 = "io.prometheus.write.v2.Request";
constexpr size_t kQuotedBytesMax = 200;

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// `lower` is in lower case.
bool EqualsAnyCase(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return Lower(a) == b; });
}

// Takes off what stands before the next ';', and the ';'.
std::string_view TakePart(std::string_view* rest) {
  const size_t end = std::min(rest->find(';'), rest->size());
  const std::string_view part = Trim(rest->substr(0, end));
  rest->remove_prefix(std::min(end + 1, rest->size()));
  return part;
}

std::string Quoted(std::string_view text) { return GoQuote(text.substr(0, kQuotedBytesMax)); }

Result<Protocol> CheckProto(std::string_view value) {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    value = value.substr(1, value.size() - 2);
  }
  if (value == kProtoV1) return Protocol::kV1;
  if (value == kProtoV2) return Protocol::kV2;
  return Error{Code::kInvalid, "content type has proto=" + Quoted(value) + "; what is taken is " +
                                   std::string(kProtoV2) + " or " + std::string(kProtoV1)};
}

}  // namespace

Result<Protocol> CheckContentType(std::string_view content_type) {
  std::string_view rest = Trim(content_type);
  if (rest.empty()) return Protocol::kV1;
  if (!EqualsAnyCase(TakePart(&rest), kMediaType)) {
    return Error{Code::kInvalid, "content type is " + Quoted(content_type) + "; what is taken is " +
                                     std::string(kMediaType)};
  }
  while (!rest.empty()) {
    const std::string_view parameter = TakePart(&rest);
    if (parameter.empty()) continue;
    const size_t equals = parameter.find('=');
    if (equals == std::string_view::npos || parameter.find('=', equals + 1) != parameter.npos) {
      return Error{Code::kInvalid,
                   "content type has a parameter that is no key=value: " + Quoted(parameter)};
    }
    if (EqualsAnyCase(Trim(parameter.substr(0, equals)), "proto")) {
      return CheckProto(Trim(parameter.substr(equals + 1)));
    }
  }
  return Protocol::kV1;
}

Result<void> CheckContentEncoding(std::string_view content_encoding) {
  const std::string_view coding = Trim(content_encoding);
  if (coding.empty() || EqualsAnyCase(coding, "snappy")) return {};
  return Error{Code::kInvalid,
               "content encoding is " + Quoted(coding) + "; what is taken is snappy"};
}

}  // namespace nines::ingest
