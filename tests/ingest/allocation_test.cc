// The warm path of a remote write takes no memory: this program's operator new counts.

#include <gtest/gtest.h>
#include <snappy.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "ingest/batch.h"
#include "ingest/snappy_body.h"
#include "ingest/write_handler.h"
#include "tests/ingest/histogram_oracle.h"
#include "tests/ingest/request_v2.h"
#include "tests/ingest/wire_writer.h"
#include "tests/support/temp_dir.h"
#include "tsdb/store.h"

namespace {

// Of this thread, while it counts.
thread_local bool counting = false;
thread_local uint64_t allocations = 0;

void* Allocate(std::size_t size) {
  if (counting) ++allocations;
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) std::abort();
  return memory;
}

void* AllocateAligned(std::size_t size, std::align_val_t alignment) {
  if (counting) ++allocations;
  const auto unit = static_cast<std::size_t>(alignment);
  void* memory = std::aligned_alloc(unit, (size + unit - 1) / unit * unit);
  if (memory == nullptr) std::abort();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return Allocate(size); }
void* operator new[](std::size_t size) { return Allocate(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return Allocate(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return Allocate(size); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return AllocateAligned(size, alignment);
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return AllocateAligned(size, alignment);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace nines::ingest {
namespace {

constexpr int64_t kNowMs = 1'795'891'339'000;
constexpr Time kNow = FromUnixMs(kNowMs);
constexpr int kRequests = 100;

// What `work` takes on this thread.
template <class Work>
uint64_t Count(Work&& work) {
  allocations = 0;
  counting = true;
  work();
  counting = false;
  return allocations;
}

// A native histogram, of floats every other time.
std::string Histogram(int i, int64_t time_ms) {
  Prng prng(static_cast<uint64_t>(i));
  tsdb::NativeHistogram histogram;
  do {
    histogram = tsdb::RandomHistogram(&prng);
  } while (histogram.is_float != (i % 2 == 0));
  return HistogramMessageOf(histogram, time_ms, time_ms - 1000);
}

// Histograms of twelve buckets as Prometheus sends them; every third series has its labels in two
// runs, as no known sender has.
std::string BodyV1(int64_t time_ms) {
  WireWriter message;
  for (int i = 0; i < 240; ++i) {
    WireWriter series;
    series.Bytes(1, LabelMessage("__name__", "request_latency_seconds_bucket"));
    series.Bytes(1, LabelMessage("instance", std::to_string(i / 12) + ":8080"));
    series.Bytes(1, LabelMessage("job", "model"));
    if (i % 3 == 0) series.Bytes(2, SampleMessage(time_ms, static_cast<double>(i)));
    series.Bytes(1, LabelMessage("le", std::to_string(i % 12)));
    if (i % 3 != 0) series.Bytes(2, SampleMessage(time_ms, static_cast<double>(i)));
    message.Bytes(1, series.str());
  }
  for (int i = 0; i < 10; ++i) {
    message.Bytes(1, WireWriter()
                         .Bytes(1, LabelMessage("__name__", "request_latency_seconds"))
                         .Bytes(1, LabelMessage("instance", std::to_string(i)))
                         .Bytes(4, Histogram(i, time_ms))
                         .str());
  }
  std::string body;
  snappy::Compress(message.str().data(), message.str().size(), &body);
  return body;
}

// The same by remote write 2.0: every third series has its references in two runs, the places of
// the symbols move from request to request, and each series says what its metric is.
std::string BodyV2(int64_t time_ms) {
  RequestV2 message({"", std::to_string(time_ms)});
  const std::string metadata =
      WireWriter().Int(1, 3).Int(3, message.Ref("How long a request took.")).str();
  for (int i = 0; i < 240; ++i) {
    const auto sample = SampleMessage(time_ms, static_cast<double>(i));
    const auto refs = message.Refs({{"__name__", "request_latency_seconds_bucket"},
                                    {"instance", std::to_string(i / 12) + ":8080"},
                                    {"job", "model"},
                                    {"le", std::to_string((time_ms / 1000 + i) % 12)}});
    const size_t first_run = i % 3 == 0 ? 4 : refs.size();
    message.Raw(WireWriter()
                    .Raw(RequestV2::Packed({refs.begin(), refs.begin() + first_run}))
                    .Bytes(2, sample)
                    .Raw(RequestV2::Packed({refs.begin() + first_run, refs.end()}))
                    .Bytes(5, metadata)
                    .str());
  }
  for (int i = 0; i < 10; ++i) {
    message.Series({{"__name__", "request_latency_seconds"}, {"instance", std::to_string(i)}}, {},
                   WireWriter().Bytes(3, Histogram(i, time_ms)).str());
  }
  std::string body;
  const std::string bytes = message.SymbolsFirst();
  snappy::Compress(bytes.data(), bytes.size(), &body);
  return body;
}

class AllocationTest : public testing::TestWithParam<Protocol> {
 protected:
  AllocationTest() {
    auto store = tsdb::Store::Open({.path = dir_.File("store")});
    if (!store) ADD_FAILURE() << store.error().message;
    if (store) store_ = std::move(*store);
    for (int i = 0; i <= kRequests; ++i) {
      bodies_.push_back(
          (GetParam() == Protocol::kV1 ? BodyV1 : BodyV2)(kNowMs - 200'000 + i * 1000));
    }
  }

  // All of ours between the body and Store::Append(), with new samples in every request.
  void ExpectWarmRequestsTakeNothing(const Rules& rules, size_t samples);

  test::TempDir dir_;
  std::unique_ptr<tsdb::Store> store_;
  std::vector<std::string> bodies_;
};

void AllocationTest::ExpectWarmRequestsTakeNothing(const Rules& rules, size_t samples) {
  BodyBuffer buffer;
  Batch batch;
  Refusals refusals;
  const Limits limits;
  HaTracker ha(&store_->records());
  SeriesRate rate;
  const Intake intake{.limits = limits,
                      .rules = rules,
                      .store = store_.get(),
                      .ha = &ha,
                      .series_rate = &rate,
                      .now = kNow};
  for (int i = 0; i <= kRequests; ++i) {
    bool read = false;
    const uint64_t count = Count([&] {
      const auto decoded =
          DecodeSnappy(bodies_[static_cast<size_t>(i)], limits.decoded_bytes_max, &buffer);
      read = decoded && batch.Read(GetParam(), *decoded, intake, &refusals);
    });
    ASSERT_TRUE(read);
    ASSERT_TRUE(refusals.empty());
    ASSERT_EQ(batch.samples().size(), samples);
    if (i == 0) {
      EXPECT_GT(count, 0u);
    } else {
      ASSERT_EQ(count, 0u) << "request " << i;
    }
    ASSERT_EQ(batch.writes().histograms.size(), 10u);
    const auto report = store_->Append(batch.writes(), kNow);
    ASSERT_TRUE(report);
    ASSERT_EQ(report->histograms_stored, 10u);
  }
}

TEST_P(AllocationTest, TheCounterCounts) {
  std::unique_ptr<std::string> text;
  EXPECT_EQ(Count([&] { text = std::make_unique<std::string>(100, 'x'); }), 2u);
  EXPECT_EQ(Count([] {}), 0u);
}

TEST_P(AllocationTest, WarmRequestUpToTheStore) { ExpectWarmRequestsTakeNothing({}, 240); }

// One of twenty replicas is kept, and of its twelve buckets eleven.
TEST_P(AllocationTest, WarmRequestThroughRules) {
  const auto rules = yaml::Node::Parse(
      "[{source_labels: [le], regex: '3', action: drop}, {target_label: zone, replacement: a}]",
      "");
  ASSERT_TRUE(rules);
  const auto relabel = Relabel::Parse(*rules);
  ASSERT_TRUE(relabel);
  ExpectWarmRequestsTakeNothing(
      {.ha = HaOptions{.cluster_label = "job", .replica_label = "instance"}, .relabel = *relabel},
      11);
}

// Headers, limits, metrics and reply as well.  The samples are there already, so that the store has
// nothing to write and what is counted is the handler's.
TEST_P(AllocationTest, WarmHandler) {
  WriteHandler handler(store_.get(), {}, nullptr);
  const WriteRequest request = {
      .content_type = GetParam() == Protocol::kV1
                          ? "application/x-protobuf"
                          : "application/x-protobuf;proto=io.prometheus.write.v2.Request",
      .content_encoding = "snappy",
      .body = bodies_[0]};
  ASSERT_EQ(handler.Handle(request, kNow).status, 204);
  ASSERT_EQ(handler.Handle(request, kNow).status, 204);
  int accepted = 0;
  const uint64_t count = Count([&] {
    for (int i = 0; i < kRequests; ++i) accepted += handler.Handle(request, kNow).status == 204;
  });
  EXPECT_EQ(accepted, kRequests);
  EXPECT_EQ(count, 0u);
}

INSTANTIATE_TEST_SUITE_P(Protocols, AllocationTest, testing::Values(Protocol::kV1, Protocol::kV2),
                         [](const auto& param) {
                           return std::string(param.param == Protocol::kV1 ? "V1" : "V2");
                         });

}  // namespace
}  // namespace nines::ingest
