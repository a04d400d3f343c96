#include "ingest/fingerprints.h"

#include <array>

#include "ingest/label_refs.h"

namespace nines::ingest {
namespace {

// What is hashed at once: what was mixed before, and symbols.
using Block = std::array<tsdb::Fingerprint, 64>;

// Mixes the symbols of one series with one call of the hash, or with one for every block of them:
// what a hostile sender makes of the references takes no memory.
tsdb::Fingerprint Mix(std::string_view raw_labels, std::span<const tsdb::Fingerprint> symbols,
                      const tsdb::Store& store, Block& block) {
  block[0] = {};
  size_t filled = 1;
  const auto hash = [&] {
    return store.Hash(std::string_view(reinterpret_cast<const char*>(block.data()),
                                       filled * sizeof(tsdb::Fingerprint)));
  };
  for (LabelRefs refs(raw_labels); !refs.done();) {
    if (filled == block.size()) {
      block[0] = hash();
      filled = 1;
    }
    const uint32_t symbol = refs.Next();
    // Never registered: its labels cannot be parsed.
    if (symbol >= symbols.size()) return {};
    block[filled++] = symbols[symbol];
  }
  return hash();
}

}  // namespace

void Fingerprints::Compute(const WireRequest& request, const tsdb::Store& store) {
  all_.clear();
  if (request.protocol == Protocol::kV1) {
    for (const WireSeries& series : request.series) all_.push_back(store.Hash(series.raw_labels));
    return;
  }
  symbols_.clear();
  for (const std::string_view symbol : request.symbols) symbols_.push_back(store.Hash(symbol));
  Block block;
  for (const WireSeries& series : request.series) {
    all_.push_back(Mix(series.raw_labels, symbols_, store, block));
  }
}

size_t Fingerprints::capacity_bytes() const {
  return (all_.capacity() + symbols_.capacity()) * sizeof(tsdb::Fingerprint);
}

}  // namespace nines::ingest
