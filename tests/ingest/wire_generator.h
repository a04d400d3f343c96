#pragma once
#include <google/protobuf/empty.pb.h>
#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>

#include <bit>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/prng.h"
#include "tests/ingest/wire_writer.h"
#include "tests/tsdb/histograms.h"

// What the differential tests of both protocols share.

namespace nines::ingest {

inline constexpr uint64_t kSeeds[] = {1, 2, 3, 5, 8, 13, 21, 34};

inline std::string Hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += kDigits[static_cast<uint8_t>(c) >> 4];
    text += kDigits[static_cast<uint8_t>(c) & 15];
  }
  return text;
}

// A message of which no field is known.
class Fields {
 public:
  bool Parse(const std::string& bytes) { return message_.ParseFromString(bytes); }
  // The bytes of the fields of that number that are bytes.
  std::vector<std::string> Bytes(int number) const {
    std::vector<std::string> result;
    const auto& fields = message_.GetReflection()->GetUnknownFields(message_);
    for (int i = 0; i < fields.field_count(); ++i) {
      if (fields.field(i).number() != number) continue;
      if (fields.field(i).type() != google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED) continue;
      result.push_back(fields.field(i).length_delimited());
    }
    return result;
  }

 private:
  google::protobuf::Empty message_;
};

// Random parts of messages: all that the wire format allows, then damaged.
class WireGenerator {
 public:
  explicit WireGenerator(uint64_t seed) : prng_(seed) {}

  // Whether messages use what only the format's fine print allows.
  void set_odd(bool odd) { odd_ = odd; }

  std::string Damage(std::string bytes) {
    for (uint64_t n = 1 + prng_.Below(3); n > 0 && !bytes.empty(); --n) {
      const size_t at = prng_.Below(bytes.size());
      switch (prng_.Below(6)) {
        case 0:
          bytes[at] = static_cast<char>(prng_.Below(256));
          break;
        case 1:
          bytes[at] = static_cast<char>(bytes[at] ^ (1 << prng_.Below(8)));
          break;
        case 2:
          bytes.resize(at);
          break;
        case 3:
          bytes.insert(at, 1, static_cast<char>(prng_.Below(256)));
          break;
        case 4:
          bytes.erase(at, 1 + prng_.Below(4));
          break;
        default:
          bytes.insert(prng_.Below(bytes.size()), bytes.substr(at, prng_.Below(12)));
          break;
      }
    }
    return bytes;
  }

 protected:
  uint32_t Pick(uint32_t n) { return static_cast<uint32_t>(prng_.Below(n)); }

  // A field of bytes; its tag and length at times longer than needed.
  std::string Field(uint32_t number, const std::string& bytes) {
    WireWriter writer;
    const uint64_t tag = uint64_t{number} << 3 | 2;
    if (odd_ && prng_.Chance(10)) {
      writer.LongVarint(tag, 2 + static_cast<int>(Pick(4)));
    } else {
      writer.Varint(tag);
    }
    if (odd_ && prng_.Chance(10)) {
      writer.LongVarint(bytes.size(), 3 + static_cast<int>(Pick(3)));
    } else {
      writer.Varint(bytes.size());
    }
    return writer.Raw(bytes).str();
  }

  // Up to two fields that the message does not have: new numbers, or known ones of another type.
  std::string Unknown(uint32_t first_number, int depth) {
    WireWriter writer;
    for (uint64_t n = prng_.Below(3); n > 0; --n) {
      const uint32_t number = first_number + Pick(3);
      switch (prng_.Below(5)) {
        case 0:
          writer.Tag(number, 0).LongVarint(prng_.Next() & 0x7f, 1 + static_cast<int>(Pick(10)));
          break;
        case 1:
          writer.Double(number, 1.5);
          break;
        case 2:
          writer.Bytes(number + 3, Text());
          break;
        case 3:
          writer.Tag(number, 5).Raw("four");
          break;
        default:
          writer.Tag(number, 3);
          if (depth < 4) writer.Raw(Unknown(1 + Pick(3), depth + 1));
          writer.Tag(number, 4);
          break;
      }
    }
    return writer.str();
  }

  std::string Text() {
    static const std::vector<std::string> kTexts = {"__name__",
                                                    "job",
                                                    "le",
                                                    "",
                                                    "a",
                                                    "0.5",
                                                    "x_bucket",
                                                    "\xc3\xa9t\xc3\xa9",
                                                    "\xed\xa0\x80",
                                                    "\xff",
                                                    std::string("a\0b", 3),
                                                    std::string(200, 'v')};
    return kTexts[prng_.Below(odd_ ? kTexts.size() : 8)];
  }

  std::string SampleField() {
    std::vector<std::string> parts;
    for (uint64_t n = odd_ ? prng_.Below(3) : 1; n > 0; --n) {
      parts.push_back(WireWriter().Double(1, std::bit_cast<double>(prng_.Next())).str());
      parts.push_back(WireWriter().Int(2, static_cast<int64_t>(prng_.Next())).str());
      if (odd_) parts.push_back(WireWriter().Int(3, static_cast<int64_t>(prng_.Next())).str());
    }
    if (odd_) {
      parts.push_back(Unknown(4, 0));
      if (prng_.Chance(5)) parts.push_back(WireWriter().Int(1, 5).Bytes(2, "x").str());
      Shuffle(&parts);
    }
    return Field(2, Join(parts));
  }

  // A Histogram message: mostly valid, of either kind, packed and not.
  std::string HistogramMessageBytes() {
    tsdb::NativeHistogram histogram = tsdb::RandomHistogram(&prng_);
    if (prng_.Chance(5)) histogram.sum = tsdb::StaleMarker();
    if (prng_.Chance(10) && histogram.schema == tsdb::kSchemaMax) histogram.schema += 1 + Pick(5);
    if (odd_ && prng_.Chance(10)) histogram.schema = static_cast<int32_t>(Pick(200)) - 100;
    if (odd_ && prng_.Chance(10)) ++histogram.count;
    std::vector<std::string> parts = HistogramFields(histogram);
    parts.push_back(WireWriter().Int(15, static_cast<int64_t>(prng_.Next())).str());
    if (prng_.Chance(50)) parts.push_back(WireWriter().Int(17, Pick(1000)).str());
    if (odd_) {
      parts.push_back(Unknown(18, 0));
      if (prng_.Chance(5))
        parts.push_back(WireWriter().Int(2, 5).Double(1, 3).Bytes(15, "x").str());
      if (prng_.Chance(5)) parts.push_back(WireWriter().Double(2, 3).Int(6, 1).str());
      if (prng_.Chance(5)) parts.push_back(WireWriter().Int(14, Pick(9)).str());
      if (prng_.Chance(5)) parts.push_back(WireWriter().Bytes(13, "not eight bytes").str());
      if (prng_.Chance(50)) Shuffle(&parts);
    }
    return Join(parts);
  }

  static uint64_t ZigZag(int64_t v) {
    return (static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63);
  }

  std::vector<std::string> HistogramFields(const tsdb::NativeHistogram& histogram) {
    std::vector<std::string> parts;
    const auto number = [](uint32_t field, uint64_t value) {
      return WireWriter().Tag(field, 0).Varint(value).str();
    };
    if (histogram.is_float) {
      parts.push_back(WireWriter().Double(2, histogram.float_count).str());
      parts.push_back(WireWriter().Double(7, histogram.float_zero_count).str());
    } else {
      parts.push_back(number(1, histogram.count));
      parts.push_back(number(6, histogram.zero_count));
    }
    parts.push_back(WireWriter().Double(3, histogram.sum).str());
    parts.push_back(number(4, ZigZag(histogram.schema)));
    parts.push_back(WireWriter().Double(5, histogram.zero_threshold).str());
    parts.push_back(number(14, static_cast<uint64_t>(histogram.hint)));
    AddSide(histogram.negative, 8, &parts);
    AddSide(histogram.positive, 11, &parts);
    parts.push_back(Doubles(16, histogram.custom_values));
    return parts;
  }

  // Spans, deltas and counts in three fields from `field` on.
  void AddSide(const tsdb::BucketSide& side, uint32_t field, std::vector<std::string>* parts) {
    for (const tsdb::BucketSpan& span : side.spans) {
      const std::string offset = WireWriter().Tag(1, 0).Varint(ZigZag(span.offset)).str();
      const std::string length = WireWriter().Int(2, span.length).str();
      parts->push_back(Field(field, odd_ ? offset + Unknown(3, 0) + length : offset + length));
    }
    WireWriter packed;
    for (const int64_t delta : side.deltas) {
      if (odd_ && prng_.Chance(10)) {
        parts->push_back(Field(field + 1, packed.str()));
        packed = WireWriter();
        parts->push_back(WireWriter().Tag(field + 1, 0).Varint(ZigZag(delta)).str());
      } else {
        packed.Varint(ZigZag(delta));
      }
    }
    if (!packed.str().empty()) parts->push_back(Field(field + 1, packed.str()));
    parts->push_back(Doubles(field + 2, side.counts));
  }

  std::string Doubles(uint32_t field, const std::vector<double>& doubles) {
    WireWriter fields;
    std::string packed;
    for (const double one : doubles) {
      const std::string with_tag = WireWriter().Double(1, one).str();
      if (odd_ && prng_.Chance(10)) {
        if (!packed.empty()) fields.Bytes(field, packed);
        packed.clear();
        fields.Double(field, one);
      } else {
        packed += with_tag.substr(1);
      }
    }
    if (!packed.empty()) fields.Bytes(field, packed);
    return fields.str();
  }

  void Shuffle(std::vector<std::string>* parts) {
    for (size_t i = parts->size(); i > 1; --i) std::swap((*parts)[i - 1], (*parts)[prng_.Below(i)]);
  }

  static std::string Join(const std::vector<std::string>& parts) {
    std::string out;
    for (const auto& part : parts) out += part;
    return out;
  }

  Prng prng_;
  bool odd_ = true;
};

}  // namespace nines::ingest
