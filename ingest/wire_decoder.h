#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ingest/wire_reader.h"
#include "ingest/wire_request.h"

// What the decoders of both protocols have in common.

namespace nines::ingest {

// Collects the label bytes of one series.  They are one view while they follow each other, and move
// to the scratch when other bytes come between them.
class LabelRun {
 public:
  LabelRun(std::string_view body, std::vector<char>* scratch) : body_(body), scratch_(scratch) {}

  void Add(const char* begin, const char* end) {
    if (!scattered_) {
      if (run_.empty()) {
        run_ = std::string_view(begin, static_cast<size_t>(end - begin));
        return;
      }
      if (run_.data() + run_.size() == begin) {
        run_ = std::string_view(run_.data(), run_.size() + static_cast<size_t>(end - begin));
        return;
      }
      // Each byte of the body is copied at most once, so the scratch never grows beyond this and
      // the views into it stay.
      scratch_->reserve(body_.size());
      scattered_ = true;
      start_ = scratch_->size();
      scratch_->insert(scratch_->end(), run_.begin(), run_.end());
    }
    scratch_->insert(scratch_->end(), begin, end);
  }

  // REQUIRES: no other run added to the scratch since this one began.
  std::string_view Take() const {
    if (!scattered_) return run_;
    return std::string_view(scratch_->data() + start_, scratch_->size() - start_);
  }

 private:
  std::string_view body_;
  std::vector<char>* scratch_;
  std::string_view run_;
  bool scattered_ = false;
  size_t start_ = 0;
};

// The state of one decoding.  Its functions return false where the message is to be refused; the
// first reason stays.
class WireDecoder {
 public:
  // Clears `request`.
  WireDecoder(Protocol protocol, std::string_view body, uint32_t samples_max, WireRequest* request)
      : body_(body), samples_max_(samples_max), request_(request) {
    request->Clear(protocol);
  }

 protected:
  // Where the innermost reader stopped.
  bool Fail(const WireReader& reader) { return FailAt(reader.at()); }
  bool FailAt(const char* at) {
    if (failed_at_ == nullptr) failed_at_ = at;
    return false;
  }

  bool Exceed(WireLimit limit) {
    request_->exceeded = limit;
    return false;
  }

  // Takes one more of what `samples_max` bounds.
  bool CountOne() { return counted_++ < samples_max_ || Exceed(WireLimit::kSamples); }

  // Of the series that is being read.
  void AddExemplar(std::string_view message) {
    request_->exemplars.push_back(
        {.message = message, .series = static_cast<uint32_t>(request_->series.size())});
  }

  // The same in both protocols, but for the start timestamp, which 1.0 has not.
  bool ReadSample(std::string_view message) {
    constexpr uint32_t kValue = MakeTag(1, WireType::kFixed64);
    constexpr uint32_t kTime = MakeTag(2, WireType::kVarint);
    constexpr uint32_t kStart = MakeTag(3, WireType::kVarint);
    uint64_t start = 0;
    WireSample sample{.time_ms = 0, .value = 0};
    WireReader reader(message);
    while (!reader.done()) {
      uint32_t tag = 0;
      uint64_t time = 0;
      if (!reader.ReadTag(&tag)) return Fail(reader);
      if (tag == kValue) {
        if (!reader.ReadDouble(&sample.value)) return Fail(reader);
      } else if (tag == kTime) {
        if (!reader.ReadVarint(&time)) return Fail(reader);
        sample.time_ms = static_cast<int64_t>(time);
      } else if (tag == kStart) {
        if (!reader.ReadVarint(&start)) return Fail(reader);
      } else if (!reader.Skip(tag, 2)) {
        return Fail(reader);
      }
    }
    AddStart(static_cast<int64_t>(start), request_->samples.size(), &request_->sample_starts);
    request_->samples.push_back(sample);
    return true;
  }

  // Likewise.  What is wrong with a histogram is told beside it; only bytes that are none refuse
  // the message.
  bool ReadHistogram(std::string_view bytes) {
    HistogramMessage& message = request_->message;
    const char* stopped = nullptr;
    if (!ReadHistogramMessage(bytes, 2, &message, &stopped)) return FailAt(stopped);
    WireHistogram histogram{.time_ms = message.time_ms,
                            .first_byte = request_->histogram_bytes.size(),
                            .size = 0,
                            .parts = static_cast<uint32_t>(message.value.parts()),
                            .problem = tsdb::Validate(message.value),
                            .is_mixed = message.is_mixed};
    if (histogram.problem == tsdb::HistogramProblem::kNone && !histogram.is_mixed) {
      tsdb::ReduceToMax(&message.value);
      tsdb::EncodeHistogram(message.value, &request_->histogram_bytes);
      histogram.size = request_->histogram_bytes.size() - histogram.first_byte;
    }
    AddStart(message.start_ms, request_->histograms.size(), &request_->histogram_starts);
    request_->histograms.push_back(histogram);
    return true;
  }

  // Why decoding ended early.  `name` is "remote write 1.0".
  Error Failure(const std::string& name) const {
    if (request_->exceeded == WireLimit::kSamples) {
      return {Code::kExhausted, "more than " + std::to_string(samples_max_) + " samples"};
    }
    return {Code::kInvalid, "not a " + name + " message: malformed at byte " +
                                std::to_string(failed_at_ - body_.data()) + " of " +
                                std::to_string(body_.size())};
  }

  // 1.0 has no start timestamps: what stands in their places means nothing.
  void AddStart(int64_t start_ms, size_t index, std::vector<WireStart>* starts) const {
    if (start_ms == 0 || request_->protocol == Protocol::kV1) return;
    starts->push_back({static_cast<uint32_t>(index), start_ms});
  }

  const std::string_view body_;
  const uint32_t samples_max_;
  WireRequest* const request_;

 private:
  uint64_t counted_ = 0;
  const char* failed_at_ = nullptr;
};

}  // namespace nines::ingest
