// Relabelling rules as users write them, with effect on a label set.
#include "base/check.h"
#include "base/yaml.h"
#include "ingest/relabel.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto node =
      nines::yaml::Node::Parse({reinterpret_cast<const char*>(data), size}, "rules.yml");
  if (!node) return 0;
  const auto rules = nines::ingest::Relabel::Parse(*node);
  if (!rules) {
    CHECK(rules.error().message.starts_with("rules.yml:"));
    return 0;
  }
  const nines::Labels labels{{"__name__", "x_bucket"}, {"job", "a"}, {"le", "0.5"}, {"pod", "p-1"}};
  const auto once = rules->Apply(labels);
  CHECK(once == rules->Apply(labels));
  if (rules->empty()) CHECK(once == labels);
  return 0;
}
