#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace nines::ingest {

// Goes through WireSeries::raw_labels of remote write 2.0, whose varints the decoder found whole.
class LabelRefs {
 public:
  explicit LabelRefs(std::string_view raw_labels)
      : at_(raw_labels.data()), end_(raw_labels.data() + raw_labels.size()) {}

  bool done() const { return at_ == end_; }

  // Bits beyond the type are dropped, as by libprotobuf.  REQUIRES: !done().
  uint32_t Next() {
    uint32_t value = 0;
    for (unsigned shift = 0; at_ != end_; shift += 7) {
      const auto byte = static_cast<uint8_t>(*at_++);
      if (shift < 32) value |= static_cast<uint32_t>(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return value;
  }

 private:
  const char* at_;
  const char* end_;
};

}  // namespace nines::ingest
