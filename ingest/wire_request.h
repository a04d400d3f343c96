#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace nines::ingest {

// Which message a body holds.
enum class Protocol : uint8_t {
  kV1,  // prometheus.WriteRequest: remote write 1.0.
  kV2,  // io.prometheus.write.v2.Request: remote write 2.0.
};

// A limit of the whole message, which bounds the memory that is taken for it.
enum class WireLimit : uint8_t { kNone, kSamples, kSymbols };

struct WireSample {
  int64_t time_ms;
  double value;
};

// One TimeSeries; views into the decoded body or WireRequest::scratch.
struct WireSeries {
  // The bytes of its labels, one run, not looked into.  1.0: its `labels` fields.  2.0: the varints
  // of its `labels_refs`, in pairs of name and value.
  std::string_view raw_labels;
  uint32_t label_count;   // Fields in that run; 2.0: pairs, one that is half there included.
  uint32_t first_sample;  // Into WireRequest::samples.
  uint32_t sample_count;
  uint32_t histogram_count;
};

// A decoded message of either protocol.  Reused from request to request, so that a warm request
// takes no memory.
struct WireRequest {
  Protocol protocol = Protocol::kV1;
  std::vector<WireSeries> series;
  std::vector<WireSample> samples;
  // 2.0: views into the body, and which of them are UTF-8, looked at when that is asked first.
  std::vector<std::string_view> symbols;
  enum class Utf8 : uint8_t { kUnknown, kYes, kNo };
  std::vector<Utf8> symbols_utf8;  // Empty until then.
  // Seen and passed over, their insides unread.
  uint64_t histograms = 0;
  uint64_t exemplars = 0;
  uint64_t metadata = 0;
  std::vector<char> scratch;  // Where the labels of a series do not lie in one run.
  WireLimit exceeded = WireLimit::kNone;

  void Clear(Protocol of) {
    protocol = of;
    series.clear();
    samples.clear();
    symbols.clear();
    symbols_utf8.clear();
    histograms = 0;
    exemplars = 0;
    metadata = 0;
    scratch.clear();
    exceeded = WireLimit::kNone;
  }
};

}  // namespace nines::ingest
