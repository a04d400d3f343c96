#include "ingest/wire_histogram.h"

#include <cstring>

namespace nines::ingest {
namespace {

constexpr uint32_t kCountInt = MakeTag(1, WireType::kVarint);
constexpr uint32_t kCountFloat = MakeTag(2, WireType::kFixed64);
constexpr uint32_t kSum = MakeTag(3, WireType::kFixed64);
constexpr uint32_t kSchema = MakeTag(4, WireType::kVarint);
constexpr uint32_t kZeroThreshold = MakeTag(5, WireType::kFixed64);
constexpr uint32_t kZeroCountInt = MakeTag(6, WireType::kVarint);
constexpr uint32_t kZeroCountFloat = MakeTag(7, WireType::kFixed64);
constexpr uint32_t kNegativeSpan = MakeTag(8, WireType::kBytes);
constexpr uint32_t kNegativeDeltas = MakeTag(9, WireType::kBytes);
constexpr uint32_t kNegativeDelta = MakeTag(9, WireType::kVarint);
constexpr uint32_t kNegativeCounts = MakeTag(10, WireType::kBytes);
constexpr uint32_t kNegativeCount = MakeTag(10, WireType::kFixed64);
constexpr uint32_t kPositiveSpan = MakeTag(11, WireType::kBytes);
constexpr uint32_t kPositiveDeltas = MakeTag(12, WireType::kBytes);
constexpr uint32_t kPositiveDelta = MakeTag(12, WireType::kVarint);
constexpr uint32_t kPositiveCounts = MakeTag(13, WireType::kBytes);
constexpr uint32_t kPositiveCount = MakeTag(13, WireType::kFixed64);
constexpr uint32_t kResetHint = MakeTag(14, WireType::kVarint);
constexpr uint32_t kTime = MakeTag(15, WireType::kVarint);
constexpr uint32_t kCustomValues = MakeTag(16, WireType::kBytes);
constexpr uint32_t kCustomValue = MakeTag(16, WireType::kFixed64);
constexpr uint32_t kStartTime = MakeTag(17, WireType::kVarint);

constexpr uint32_t kSpanOffset = MakeTag(1, WireType::kVarint);
constexpr uint32_t kSpanLength = MakeTag(2, WireType::kVarint);

int64_t UnZigZag(uint64_t v) { return static_cast<int64_t>((v >> 1) ^ (uint64_t{0} - (v & 1))); }
int32_t UnZigZag32(uint64_t v) {
  const auto low = static_cast<uint32_t>(v);
  return static_cast<int32_t>((low >> 1) ^ (uint32_t{0} - (low & 1)));
}

class Reader {
 public:
  Reader(std::string_view message, size_t depth, HistogramMessage* out)
      : in_(message), depth_(depth), message_(*out), value_(out->value) {}

  bool Run() {
    while (!in_.done()) {
      uint32_t tag = 0;
      if (!in_.ReadTag(&tag) || !ReadField(tag)) return false;
    }
    Settle();
    return true;
  }

  const char* at() const { return in_.at(); }

 private:
  bool ReadField(uint32_t tag) {
    switch (tag) {
      case kCountInt:
        value_.is_float = false;
        return in_.ReadVarint(&value_.count);
      case kCountFloat:
        value_.is_float = true;
        return in_.ReadDouble(&value_.float_count);
      case kSum:
        return in_.ReadDouble(&value_.sum);
      case kZeroThreshold:
        return in_.ReadDouble(&value_.zero_threshold);
      case kZeroCountInt:
        zero_is_float_ = false;
        return in_.ReadVarint(&value_.zero_count);
      case kZeroCountFloat:
        zero_is_float_ = true;
        return in_.ReadDouble(&value_.float_zero_count);
      case kCustomValues:
        return ReadDoubles(&value_.custom_values);
      case kCustomValue:
        return AddDouble(&value_.custom_values);
      default:
        return ReadBucketField(tag);
    }
  }

  bool ReadBucketField(uint32_t tag) {
    switch (tag) {
      case kNegativeSpan:
        return ReadSpan(&value_.negative.spans);
      case kNegativeDeltas:
        return ReadDeltas(&value_.negative.deltas);
      case kNegativeDelta:
        return AddDelta(&in_, &value_.negative.deltas);
      case kNegativeCounts:
        return ReadDoubles(&value_.negative.counts);
      case kNegativeCount:
        return AddDouble(&value_.negative.counts);
      case kPositiveSpan:
        return ReadSpan(&value_.positive.spans);
      case kPositiveDeltas:
        return ReadDeltas(&value_.positive.deltas);
      case kPositiveDelta:
        return AddDelta(&in_, &value_.positive.deltas);
      case kPositiveCounts:
        return ReadDoubles(&value_.positive.counts);
      case kPositiveCount:
        return AddDouble(&value_.positive.counts);
      default:
        return ReadNumberField(tag);
    }
  }

  bool ReadNumberField(uint32_t tag) {
    if (TypeOf(tag) != WireType::kVarint) return in_.Skip(tag, depth_);
    uint64_t number = 0;
    if (!in_.ReadVarint(&number)) return false;
    if (tag == kSchema) {
      value_.schema = UnZigZag32(number);
    } else if (tag == kResetHint) {
      const auto hint = static_cast<uint32_t>(number);
      value_.hint = hint <= 3 ? static_cast<tsdb::ResetHint>(hint) : tsdb::ResetHint::kUnknown;
    } else if (tag == kTime) {
      message_.time_ms = static_cast<int64_t>(number);
    } else if (tag == kStartTime) {
      message_.start_ms = static_cast<int64_t>(number);
    }
    return true;
  }

  bool ReadSpan(std::vector<tsdb::BucketSpan>* spans) {
    std::string_view bytes;
    if (!in_.ReadBytes(&bytes)) return false;
    tsdb::BucketSpan& span = spans->emplace_back();
    WireReader fields(bytes);
    while (!fields.done()) {
      uint32_t tag = 0;
      uint64_t number = 0;
      if (!fields.ReadTag(&tag)) return false;
      if (tag == kSpanOffset) {
        if (!fields.ReadVarint(&number)) return false;
        span.offset = UnZigZag32(number);
      } else if (tag == kSpanLength) {
        if (!fields.ReadVarint(&number)) return false;
        span.length = static_cast<uint32_t>(number);
      } else if (!fields.Skip(tag, depth_ + 1)) {
        return false;
      }
    }
    return true;
  }

  static bool AddDelta(WireReader* in, std::vector<int64_t>* deltas) {
    uint64_t number = 0;
    if (!in->ReadVarint(&number)) return false;
    deltas->push_back(UnZigZag(number));
    return true;
  }
  bool ReadDeltas(std::vector<int64_t>* deltas) {
    std::string_view bytes;
    if (!in_.ReadBytes(&bytes)) return false;
    WireReader packed(bytes);
    while (!packed.done()) {
      if (!AddDelta(&packed, deltas)) return false;
    }
    return true;
  }

  bool AddDouble(std::vector<double>* doubles) {
    double number = 0;
    if (!in_.ReadDouble(&number)) return false;
    doubles->push_back(number);
    return true;
  }
  bool ReadDoubles(std::vector<double>* doubles) {
    std::string_view bytes;
    if (!in_.ReadBytes(&bytes) || bytes.size() % sizeof(double) != 0) return false;
    const size_t before = doubles->size();
    doubles->resize(before + bytes.size() / sizeof(double));
    if (!bytes.empty()) std::memcpy(doubles->data() + before, bytes.data(), bytes.size());
    return true;
  }

  // The member of each oneof that did not come last is as if it had never come; numbers of the
  // other kind than the count's are told, unless they are none.
  void Settle() {
    if (zero_is_float_) {
      value_.zero_count = 0;
    } else {
      value_.float_zero_count = 0;
    }
    tsdb::BucketSide& positive = value_.positive;
    tsdb::BucketSide& negative = value_.negative;
    if (value_.is_float) {
      value_.count = 0;
      message_.is_mixed =
          value_.zero_count != 0 || !positive.deltas.empty() || !negative.deltas.empty();
    } else {
      value_.float_count = 0;
      message_.is_mixed =
          value_.float_zero_count != 0 || !positive.counts.empty() || !negative.counts.empty();
    }
  }

  WireReader in_;
  const size_t depth_;
  HistogramMessage& message_;
  tsdb::NativeHistogram& value_;
  bool zero_is_float_ = false;
};

}  // namespace

void HistogramMessage::Clear() {
  value.Clear();
  time_ms = 0;
  start_ms = 0;
  is_mixed = false;
}

bool ReadHistogramMessage(std::string_view message, size_t depth, HistogramMessage* out,
                          const char** at) {
  out->Clear();
  Reader reader(message, depth, out);
  if (reader.Run()) return true;
  *at = reader.at();
  return false;
}

}  // namespace nines::ingest
