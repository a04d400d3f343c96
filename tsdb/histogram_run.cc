#include "tsdb/histogram_run.h"

#include <utility>

#include "base/check.h"

namespace nines::tsdb {
namespace {

// In front of one that is written against the one before; else its size, which is more.
constexpr uint64_t kAgainst = 0;

}  // namespace

void HistogramWriter::Put(std::string_view bytes) {
  CHECK(SplitHistogram(bytes, &parts_));
  const bool is_like_previous = !previous_.numbers.empty() && parts_.head == previous_.head &&
                                parts_.layout == previous_.layout;
  if (is_like_previous) {
    PutVarint(kAgainst, out_);
    for (size_t i = 0; i < parts_.numbers.size(); ++i) {
      PutZigZag(static_cast<int64_t>(parts_.numbers[i] - previous_.numbers[i]), out_);
    }
  } else {
    PutText(bytes, out_);
  }
  std::swap(parts_, previous_);
}

bool HistogramReader::Read(std::string* bytes) {
  const uint64_t size = in_->Varint();
  if (size == kAgainst) {
    if (previous_.numbers.empty()) return false;
    for (uint64_t& number : previous_.numbers) {
      number += static_cast<uint64_t>(in_->SignedVarint());
    }
    if (!in_->ok()) return false;
    JoinHistogram(previous_, bytes);
  } else {
    *bytes = in_->Bytes(size);
  }
  // Whatever it came from: it has to be one, and the next is written against it.
  return in_->ok() && SplitHistogram(*bytes, &previous_);
}

}  // namespace nines::tsdb
