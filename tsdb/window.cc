#include "tsdb/window.h"

#include <algorithm>

#include "base/check.h"

namespace nines::tsdb {
namespace {

bool SameSample(const Sample& a, const Sample& b) {
  return a.at == b.at && SameBits(a.value, b.value);
}

}  // namespace

void Window::Add(const Sample& sample) {
  if (count == 0) {
    first = sample;
  } else {
    CHECK(sample.at > last.at);
    if (sample.value < last.value) resets.push_back(last.value);
  }
  last = sample;
  ++count;
}

void Window::Append(const Window& later) {
  if (later.count == 0) return;
  if (count == 0) {
    *this = later;
    return;
  }
  CHECK(later.first.at > last.at);
  if (later.first.value < last.value) resets.push_back(last.value);
  resets.insert(resets.end(), later.resets.begin(), later.resets.end());
  last = later.last;
  count += later.count;
}

bool Window::operator==(const Window& other) const {
  if (count != other.count) return false;
  if (count > 0 && !(SameSample(first, other.first) && SameSample(last, other.last))) return false;
  return std::equal(resets.begin(), resets.end(), other.resets.begin(), other.resets.end(),
                    SameBits);
}

}  // namespace nines::tsdb
