#pragma once
#include <gtest/gtest.h>
#include <prometheus/registry.h>
#include <snappy.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ingest/write_handler.h"
#include "tests/ingest/request_v2.h"
#include "tests/support/temp_dir.h"
#include "tsdb/store.h"

namespace nines::ingest {

inline constexpr int64_t kNowMs = 1'795'891'339'000;  // 2026-11-28T18:42:19Z.
inline constexpr Time kNow = FromUnixMs(kNowMs);

inline constexpr std::string_view kTypeV2 =
    "application/x-protobuf;proto=io.prometheus.write.v2.Request";

using Pairs = std::vector<std::pair<std::string, std::string>>;
using Samples = std::vector<std::pair<int64_t, double>>;

inline std::string Block(std::string_view message) {
  std::string out;
  snappy::Compress(message.data(), message.size(), &out);
  return out;
}

// A handler over a store of its own.
class HandlerFixture : public testing::Test {
 protected:
  HandlerFixture() { Open({}, {}); }

  void Open(tsdb::Options options, const Limits& limits) {
    handler_.reset();
    store_.reset();
    options.path = dir_.File(std::to_string(++stores_));
    auto store = tsdb::Store::Open(options);
    if (!store) FAIL() << store.error().message;
    store_ = std::move(*store);
    registry_ = std::make_unique<prometheus::Registry>();
    handler_ = std::make_unique<WriteHandler>(store_.get(), limits, registry_.get());
  }

  // Remote write 1.0.
  WriteResponse Post(std::string_view body) { return handler_->Handle({.body = body}, kNow); }
  WriteResponse Write(std::string_view message) { return Post(Block(message)); }
  // Remote write 2.0.
  WriteResponse PostV2(std::string_view body) {
    return handler_->Handle({.content_type = kTypeV2, .content_encoding = "snappy", .body = body},
                            kNow);
  }
  WriteResponse WriteV2(std::string_view message) { return PostV2(Block(message)); }
  WriteResponse WriteV2(const RequestV2& request) { return WriteV2(request.SymbolsFirst()); }

  void Expect(const WriteResponse& response, int status, const std::string& message) {
    EXPECT_EQ(response.status, status) << response.message;
    EXPECT_EQ(response.message, message);
    EXPECT_EQ(response.retry_after, status == 503);
  }

  // Every stored sample of the series, found by its metric name.
  std::map<std::string, Samples> Stored(const std::string& metric) {
    std::map<std::string, Samples> result;
    const Time from = kNow - std::chrono::hours{1000};
    const Time to = kNow + std::chrono::hours{1};
    auto series = store_->Select({Matcher::Equal(std::string(kMetricName), metric)}, from, to);
    if (!series) {
      ADD_FAILURE() << series.error().message;
      return result;
    }
    for (const auto& one : *series) {
      const tsdb::ColumnId id = one.id;
      const auto columns = store_->Read({&id, 1}, from, to);
      if (!columns) {
        ADD_FAILURE() << columns.error().message;
        continue;
      }
      Samples& samples = result[one.labels.ToString()];
      for (const auto& sample : columns->at(0)) {
        samples.emplace_back(ToUnixMs(sample.at), sample.value);
      }
    }
    return result;
  }

  // The counters that are not zero: `name` or `name{value}`.
  std::map<std::string, double> Counters() {
    std::map<std::string, double> result;
    for (const auto& family : registry_->Collect()) {
      for (const auto& metric : family.metric) {
        if (metric.counter.value == 0) continue;
        const auto& labels = metric.label;
        result[family.name + (labels.empty() ? "" : "{" + labels[0].value + "}")] =
            metric.counter.value;
      }
    }
    return result;
  }

  test::TempDir dir_;
  int stores_ = 0;
  std::unique_ptr<tsdb::Store> store_;
  std::unique_ptr<prometheus::Registry> registry_;
  std::unique_ptr<WriteHandler> handler_;
};

}  // namespace nines::ingest
