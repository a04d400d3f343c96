// The small texts of requests and files: what is read prints as something that reads the same.
#include <cmath>

#include "base/check.h"
#include "base/duration.h"
#include "base/matcher.h"
#include "base/number.h"
#include "base/time.h"
#include "base/utf8.h"
#include "ingest/content.h"
#include "net/http_text.h"

namespace {

void CheckMatchers(std::string_view text) {
  const auto matchers = nines::ParseMatchers(text);
  const auto selector = nines::ParseSelector(text);
  if (!matchers) return;
  // Matchers in braces are a selector of the same.
  if (text.starts_with('{')) CHECK(selector && selector->size() == matchers->size());
  std::string printed;
  for (const nines::Matcher& matcher : *matchers) {
    if (!printed.empty()) printed += ',';
    printed += matcher.ToString();
  }
  const auto again = nines::ParseMatchers(printed);
  CHECK(again && again->size() == matchers->size());
  for (size_t i = 0; i < again->size(); ++i) {
    CHECK((*again)[i].ToString() == (*matchers)[i].ToString());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (nines::IsUtf8(text)) CheckMatchers(text);
  if (const auto duration = nines::ParseDuration(text)) {
    const auto again = nines::ParseDuration(nines::FormatDuration(*duration));
    CHECK(again && *again == *duration);
  }
  if (const auto number = nines::ParseFloat(text)) {
    const auto again = nines::ParseFloat(nines::FormatFloat(*number));
    CHECK(again && (*again == *number || (std::isnan(*again) && std::isnan(*number))));
  }
  (void)nines::net::PercentDecode(text);
  (void)nines::net::ParseListenAddress(text);
  if (const auto target = nines::net::ParseTarget(text)) CHECK(!target->path.empty());
  (void)nines::ingest::CheckContentType(text);
  (void)nines::ingest::CheckContentEncoding(text);
  return 0;
}
