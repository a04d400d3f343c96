// The durable records of the evaluator and the notifier.
#include "base/check.h"
#include "evaluator/slo/alert_record.h"
#include "notifier/codec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto record = nines::evaluator::DecodeAlert(bytes)) {
    const auto again = nines::evaluator::DecodeAlert(nines::evaluator::EncodeAlert(*record));
    CHECK(again && again->key == record->key && again->labels == record->labels);
  }
  (void)nines::evaluator::DecodeEnded(bytes);
  nines::notifier::RecordReader reader(bytes);
  while (reader.ok() && !reader.Done()) {
    (void)reader.Integer();
    (void)reader.Text();
    (void)reader.OptionalInstant();
    (void)reader.LabelSet();
    CHECK(reader.Count() <= size);
  }
  return 0;
}
