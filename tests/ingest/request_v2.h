#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/ingest/wire_writer.h"

namespace nines::ingest {

// Builds io.prometheus.write.v2.Request.  The symbols come last in the message, which the wire
// format allows and no sender does, unless they are asked for first.
class RequestV2 {
 public:
  // The symbols before those of the series: the first is "".
  explicit RequestV2(std::vector<std::string> symbols = {""}) : symbols_(std::move(symbols)) {}

  uint32_t Ref(std::string_view text) {
    for (uint32_t i = 0; i < symbols_.size(); ++i) {
      if (symbols_[i] == text) return i;
    }
    symbols_.emplace_back(text);
    return static_cast<uint32_t>(symbols_.size() - 1);
  }

  std::vector<uint32_t> Refs(const std::vector<std::pair<std::string, std::string>>& labels) {
    std::vector<uint32_t> refs;
    for (const auto& [name, value] : labels) {
      refs.push_back(Ref(name));
      refs.push_back(Ref(value));
    }
    return refs;
  }

  // The field `labels_refs`, packed.
  static std::string Packed(const std::vector<uint32_t>& refs) {
    WireWriter packed;
    for (const uint32_t ref : refs) packed.Varint(ref);
    return WireWriter().Bytes(1, packed.str()).str();
  }

  RequestV2& Raw(std::string_view series) {
    series_.Bytes(5, series);
    return *this;
  }

  RequestV2& Series(const std::vector<std::pair<std::string, std::string>>& labels,
                    const std::vector<std::pair<int64_t, double>>& samples,
                    std::string_view more = "") {
    WireWriter series;
    series.Raw(Packed(Refs(labels)));
    for (const auto& [time_ms, value] : samples) series.Bytes(2, SampleMessage(time_ms, value));
    series.Raw(more);
    return Raw(series.str());
  }

  std::string Symbols() const {
    WireWriter symbols;
    for (const std::string& symbol : symbols_) symbols.Bytes(4, symbol);
    return symbols.str();
  }

  std::string SymbolsFirst() const { return Symbols() + series_.str(); }
  std::string SymbolsLast() const { return series_.str() + Symbols(); }

 private:
  std::vector<std::string> symbols_;
  WireWriter series_;
};

}  // namespace nines::ingest
