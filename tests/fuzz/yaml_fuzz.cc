// Configuration as users write it: the strict loader, an SLO and a consumer in it.
#include "base/check.h"
#include "base/yaml.h"
#include "evaluator/slo/spec.h"
#include "notifier/config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto node = nines::yaml::Node::Parse(text, "f.yml");
  if (!node) {
    CHECK(!node.error().message.empty());
    return 0;
  }
  const auto slo = nines::evaluator::ParseSlo(*node);
  if (!slo) CHECK(slo.error().message.starts_with("f.yml:"));
  const auto consumer = nines::notifier::ParseConsumer(*node);
  if (!consumer) CHECK(consumer.error().message.starts_with("f.yml:"));
  return 0;
}
