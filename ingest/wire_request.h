#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/wire_histogram.h"
#include "tsdb/histogram.h"

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

// A native histogram.
struct WireHistogram {
  int64_t time_ms;
  size_t first_byte;  // Of its bytes (tsdb/histogram.h) in WireRequest::histogram_bytes.
  size_t size;        // None: a stale marker, or that something is wrong with it:
  uint32_t parts;     // NativeHistogram::parts() as it came.
  tsdb::HistogramProblem problem;
  bool is_mixed;  // Integer and float counts in one.
};

// The start timestamp that came with a sample or histogram; 0 never stands here.
struct WireStart {
  uint32_t index;  // Of the sample, or histogram.
  int64_t start_ms;
};

// One TimeSeries; views into the decoded body or WireRequest::scratch.
struct WireSeries {
  // The bytes of its labels, one run, not looked into.  1.0: its `labels` fields.  2.0: the varints
  // of its `labels_refs`, in pairs of name and value.
  std::string_view raw_labels;
  uint32_t label_count;   // Fields in that run; 2.0: pairs, one that is half there included.
  uint32_t first_sample;  // Into WireRequest::samples.
  uint32_t sample_count;
  uint32_t first_histogram;  // Into WireRequest::histograms.
  uint32_t histogram_count;
  uint32_t exemplar_count;
};

// A part of a series, or of a request, that is not looked into by the decoder.
struct WirePart {
  std::string_view message;
  uint32_t series;  // Into WireRequest::series, of what belongs to one.
};

// A decoded message of either protocol.  Reused from request to request, so that a warm request
// takes no memory.
struct WireRequest {
  Protocol protocol = Protocol::kV1;
  std::vector<WireSeries> series;
  std::vector<WireSample> samples;
  std::vector<WireHistogram> histograms;
  std::string histogram_bytes;
  // 2.0: in order of index.
  std::vector<WireStart> sample_starts;
  std::vector<WireStart> histogram_starts;
  // 2.0: views into the body, and which of them are UTF-8, looked at when that is asked first.
  std::vector<std::string_view> symbols;
  enum class Utf8 : uint8_t { kUnknown, kYes, kNo };
  std::vector<Utf8> symbols_utf8;   // Empty until then.
  std::vector<WirePart> exemplars;  // In the order of their series.
  std::vector<WirePart> metadata;   // 1.0: of the request; 2.0: at most one a series.
  std::vector<char> scratch;        // Where the labels of a series do not lie in one run.
  HistogramMessage message;         // The histogram being read.
  WireLimit exceeded = WireLimit::kNone;

  void Clear(Protocol of) {
    protocol = of;
    series.clear();
    samples.clear();
    histograms.clear();
    histogram_bytes.clear();
    sample_starts.clear();
    histogram_starts.clear();
    symbols.clear();
    symbols_utf8.clear();
    exemplars.clear();
    metadata.clear();
    scratch.clear();
    exceeded = WireLimit::kNone;
  }
};

}  // namespace nines::ingest
