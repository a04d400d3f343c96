#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "ingest/text_format.h"

namespace nines::ingest {

// Collects samples into the body of a remote write 1.0 request, what Prometheus sends beyond the
// specification included: exemplars and metadata.  Not synchronised.
class RequestBuilder {
 public:
  // Samples of one series that follow each other become one time series.
  void Add(const TextSample& sample);
  // Kept over Take(): type, help and unit of a name come on lines of their own and go out together
  // with the first sample that follows.
  void Add(const TextMetadata& metadata);

  size_t samples() const { return samples_; }
  size_t bytes() const { return body_.size() + series_.size(); }

  // The body, snappy-compressed; begins anew.
  std::string Take();

 private:
  struct Metadata {
    std::string type;
    std::string help;
    std::string unit;
    bool is_told = false;
  };
  void EndSeries();
  void TellMetadata();

  std::string body_;
  std::string series_;  // The series under way, of labels_; empty where there is none.
  Labels labels_;
  size_t samples_ = 0;
  std::map<std::string, Metadata> metadata_;
  bool has_untold_ = false;
};

}  // namespace nines::ingest
