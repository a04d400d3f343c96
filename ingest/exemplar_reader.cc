#include "ingest/exemplar_reader.h"

#include "ingest/wire_reader.h"

namespace nines::ingest {
namespace {

// The same in both protocols, but for what the labels are.
constexpr uint32_t kLabels = MakeTag(1, WireType::kBytes);
constexpr uint32_t kLabelRef = MakeTag(1, WireType::kVarint);
constexpr uint32_t kValue = MakeTag(2, WireType::kFixed64);
constexpr uint32_t kTime = MakeTag(3, WireType::kVarint);

bool AreVarints(std::string_view bytes) {
  WireReader reader(bytes);
  uint64_t unused = 0;
  while (!reader.done()) {
    if (!reader.ReadVarint(&unused)) return false;
  }
  return true;
}

bool ReadField(Protocol protocol, WireReader* reader, ExemplarFields* fields) {
  const char* const begin = reader->at();
  uint32_t tag = 0;
  if (!reader->ReadTag(&tag)) return false;
  const char* const value = reader->at();
  std::string_view bytes;
  uint64_t number = 0;
  switch (tag) {
    case kLabels:
      if (!reader->ReadBytes(&bytes)) return false;
      if (protocol == Protocol::kV1) {
        fields->labels.append(begin, reader->at());
        return true;
      }
      fields->labels.append(bytes);
      return AreVarints(bytes);
    case kLabelRef:
      if (!reader->ReadVarint(&number)) return false;
      if (protocol == Protocol::kV2) fields->labels.append(value, reader->at());
      return true;
    case kValue:
      return reader->ReadDouble(&fields->value);
    case kTime:
      if (!reader->ReadVarint(&number)) return false;
      fields->time_ms = static_cast<int64_t>(number);
      return true;
    default:
      return reader->Skip(tag, 2);
  }
}

}  // namespace

Result<ExemplarFields> ReadExemplarFields(Protocol protocol, std::string_view message) {
  ExemplarFields fields;
  WireReader reader(message);
  while (!reader.done()) {
    if (!ReadField(protocol, &reader, &fields)) {
      return Error{Code::kInvalid, "malformed exemplar"};
    }
  }
  return fields;
}

}  // namespace nines::ingest
