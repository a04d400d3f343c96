#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "ingest/wire_request.h"
#include "tsdb/store.h"

namespace nines::ingest {

// The fingerprints of a request's series, in the form in which their labels arrived
// (DESIGN.md 6.6). 1.0: of the raw label bytes.  2.0: of the fingerprints of the symbols, in the
// order of the labels, with zeros before them, which no label of 1.0 begins with: so a series has
// one alias a protocol, and one is never taken for the other.  Kept from request to request.  Not
// synchronised.
class Fingerprints {
 public:
  // A series of 2.0 whose references point beyond the symbols gets one that finds nothing.
  void Compute(const WireRequest& request, const tsdb::Store& store);

  std::span<const tsdb::Fingerprint> all() const { return all_; }
  size_t capacity_bytes() const;

 private:
  std::vector<tsdb::Fingerprint> all_;      // One a series.
  std::vector<tsdb::Fingerprint> symbols_;  // 2.0: each symbol's.
};

}  // namespace nines::ingest
