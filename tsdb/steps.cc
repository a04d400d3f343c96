#include "tsdb/steps.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace nines::tsdb {
namespace {

constexpr uint8_t kHasPatches = 0x80;  // In the byte of the width.

uint64_t Mask(size_t width) { return width == 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1; }

size_t BitsSize(size_t steps, size_t width) { return (steps * width + 7) / 8; }

bool InFrame(const StepsPlan& plan, int64_t step) {
  return static_cast<uint64_t>(step) - plan.base <= Mask(plan.width);
}

size_t PatchSize(size_t gap, int64_t step) { return VarintSize(gap) + VarintSize(ZigZag(step)); }

// The cheapest frame that starts at `base`: steps below it or far above become patches.
StepsPlan BestFrame(std::span<const int64_t> steps, int64_t base) {
  StepsPlan plan;
  plan.base = static_cast<uint64_t>(base);
  // By the width that a step needs: what it costs when the frame is narrower, about.
  std::array<size_t, 65> patch_bytes{};
  size_t widest = 0;
  for (const int64_t step : steps) {
    const auto width = static_cast<size_t>(std::bit_width(static_cast<uint64_t>(step) - plan.base));
    patch_bytes[width] += PatchSize(0, step);
    widest = std::max(widest, width);
  }
  size_t best = ~size_t{0};
  size_t outside = 0;
  for (size_t width = widest + 1; width-- > 0;) {
    const size_t bytes = BitsSize(steps.size(), width) + outside + (outside > 0 ? 1 : 0);
    if (bytes < best) {
      best = bytes;
      plan.width = static_cast<uint8_t>(width);
    }
    outside += patch_bytes[width];
  }
  return plan;
}

// Sets the number of patches and the size.
void Measure(std::span<const int64_t> steps, StepsPlan* plan) {
  size_t patch_bytes = 0;
  size_t from = 0;
  plan->patches = 0;
  for (size_t i = 0; i < steps.size(); ++i) {
    if (InFrame(*plan, steps[i])) continue;
    ++plan->patches;
    patch_bytes += PatchSize(i - from, steps[i]);
    from = i + 1;
  }
  if (plan->patches > 0) patch_bytes += VarintSize(plan->patches);
  plan->bytes = VarintSize(ZigZag(static_cast<int64_t>(plan->base))) + 1 + patch_bytes +
                BitsSize(steps.size(), plan->width);
}

// The lowest step that is not far below the others, judged by a few of them.
int64_t LowestNear(std::span<const int64_t> steps, int64_t lowest) {
  constexpr size_t kProbes = 9;
  constexpr uint64_t kFar = 8;  // Times the spread of the probes.
  std::array<int64_t, kProbes> probes;
  for (size_t i = 0; i < kProbes; ++i) probes[i] = steps[i * (steps.size() - 1) / (kProbes - 1)];
  std::sort(probes.begin(), probes.end());
  const int64_t middle = probes[kProbes / 2];
  const uint64_t spread =
      static_cast<uint64_t>(probes[kProbes - 2]) - static_cast<uint64_t>(probes[1]);
  if (spread >= ~uint64_t{0} / kFar) return lowest;
  const uint64_t reach = kFar * spread;
  const auto is_near = [middle, reach](int64_t step) {
    return static_cast<uint64_t>(middle) - static_cast<uint64_t>(step) <= reach;
  };
  if (is_near(lowest)) return lowest;
  int64_t near = middle;
  for (const int64_t step : steps) {
    if (step < near && is_near(step)) near = step;
  }
  return near;
}

// Writes the low bits of numbers one after the other, the first at the lowest bits.
class BitWriter {
 public:
  explicit BitWriter(char* p) : p_(p) {}
  // REQUIRES: v < 2^width.
  void Put(uint64_t v, unsigned width) {
    word_ |= v << used_;
    if (used_ + width < 64) {
      used_ += width;
      return;
    }
    p_ = WriteWord(word_, p_);
    word_ = used_ == 0 ? 0 : v >> (64 - used_);
    used_ += width - 64;
  }
  void Finish() { std::memcpy(p_, &word_, (used_ + 7) / 8); }

 private:
  char* p_;
  uint64_t word_ = 0;
  unsigned used_ = 0;  // Always below 64.
};

// The step whose bits begin at `bit`.
uint64_t Extract(std::string_view bits, size_t bit, size_t width) {
  char window[16] = {};  // A step of 64 bits can touch nine bytes.
  const std::string_view rest = bits.substr(bit / 8, sizeof window);
  std::memcpy(window, rest.data(), rest.size());
  uint64_t low;
  uint64_t high;
  std::memcpy(&low, window, sizeof low);
  std::memcpy(&high, window + sizeof low, sizeof high);
  const size_t shift = bit % 8;
  return (low >> shift | (shift == 0 ? 0 : high << (64 - shift))) & Mask(width);
}

void Unpack(std::string_view bits, size_t width, uint64_t base, std::span<uint64_t> steps) {
  if (width == 0) {
    std::fill(steps.begin(), steps.end(), base);
    return;
  }
  size_t i = 0;
  if (width <= 57) {  // One load has them, wherever in a byte they begin.
    const uint64_t mask = Mask(width);
    for (; i < steps.size() && i * width / 8 + sizeof(uint64_t) <= bits.size(); ++i) {
      uint64_t word;
      std::memcpy(&word, bits.data() + i * width / 8, sizeof word);
      steps[i] = base + (word >> (i * width % 8) & mask);
    }
  }
  for (; i < steps.size(); ++i) steps[i] = base + Extract(bits, i * width, width);
}

// Reads over the patches of `n` steps.
void SkipPatches(size_t n, uint64_t patches, PackedReader* in) {
  size_t at = 0;
  for (; patches > 0 && in->ok(); --patches) {
    const uint64_t gap = in->Varint();
    in->SignedVarint();
    if (gap >= n - at) {
      in->Fail();
      return;
    }
    at += static_cast<size_t>(gap) + 1;
  }
}

}  // namespace

StepsPlan PlanSteps(std::span<const int64_t> steps) {
  if (steps.empty()) return {};
  const auto [low, high] = std::minmax_element(steps.begin(), steps.end());
  StepsPlan whole;
  whole.base = static_cast<uint64_t>(*low);
  whole.width = static_cast<uint8_t>(std::bit_width(static_cast<uint64_t>(*high) - whole.base));
  whole.bytes = VarintSize(ZigZag(*low)) + 1 + BitsSize(steps.size(), whole.width);
  // A patch takes two bytes and the list of them one: nothing to be won.
  if (BitsSize(steps.size(), whole.width) <= 3) return whole;

  StepsPlan best = BestFrame(steps, *low);
  Measure(steps, &best);
  const int64_t near = LowestNear(steps, *low);
  if (near != *low) {
    StepsPlan raised = BestFrame(steps, near);
    Measure(steps, &raised);
    if (raised.bytes < best.bytes) best = raised;
  }
  return best.bytes < whole.bytes ? best : whole;
}

void PutSteps(std::span<const int64_t> steps, const StepsPlan& plan, std::string* out) {
  if (steps.empty()) return;
  const size_t start = out->size();
  PutZigZag(static_cast<int64_t>(plan.base), out);
  PutByte(static_cast<uint8_t>(plan.width | (plan.patches > 0 ? kHasPatches : 0)), out);
  if (plan.patches > 0) {
    PutVarint(plan.patches, out);
    size_t from = 0;
    for (size_t i = 0; i < steps.size(); ++i) {
      if (InFrame(plan, steps[i])) continue;
      PutVarint(i - from, out);
      PutZigZag(steps[i], out);
      from = i + 1;
    }
  }
  const size_t bits_at = out->size();
  out->resize(bits_at + BitsSize(steps.size(), plan.width));
  BitWriter bits(out->data() + bits_at);
  for (const int64_t step : steps) {
    bits.Put(InFrame(plan, step) ? static_cast<uint64_t>(step) - plan.base : 0, plan.width);
  }
  bits.Finish();
  CHECK(out->size() == start + plan.bytes);
}

void GetSteps(size_t n, PackedReader* in, std::vector<uint64_t>* steps) {
  if (n == 0) {
    steps->clear();
    return;
  }
  const auto base = static_cast<uint64_t>(in->SignedVarint());
  const uint8_t head = in->Byte();
  const size_t width = head & ~kHasPatches;
  if (width > 64) in->Fail();
  PackedReader patches({});
  uint64_t patches_left = 0;
  if ((head & kHasPatches) != 0) {
    patches_left = in->Varint();
    patches = *in;
    SkipPatches(n, patches_left, in);
  }
  const std::string_view bits = in->Bytes(BitsSize(n, width));
  if (!in->ok()) return;
  steps->resize(n);
  Unpack(bits, width, base, *steps);
  size_t at = 0;
  for (; patches_left > 0; --patches_left) {
    at += static_cast<size_t>(patches.Varint());
    (*steps)[at++] = static_cast<uint64_t>(patches.SignedVarint());
  }
}

}  // namespace nines::tsdb
