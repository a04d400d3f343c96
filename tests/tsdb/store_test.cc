#include "tsdb/store.h"

#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <cmath>
#include <filesystem>

#include "tests/tsdb/store_fixture.h"

namespace nines::tsdb {
namespace {

using StoreTest = StoreFixture;

const Labels kUp{{"__name__", "up"}, {"job", "a"}};

Labels Bucket(const std::string& le) {
  return {{"__name__", "x_bucket"}, {"job", "a"}, {"le", le}};
}
const Labels kCount{{"__name__", "x_count"}, {"job", "a"}};
const Labels kSum{{"__name__", "x_sum"}, {"job", "a"}};

TEST_F(StoreTest, ReadsWhatWasAppended) {
  Open();
  EXPECT_EQ(Put(kUp, kNoonMs, 1), "stored");
  EXPECT_EQ(Put(kUp, kNoonMs + 15000, StaleMarker()), "stored");
  EXPECT_EQ(Read(kUp), "0=1 15000=stale");
  EXPECT_EQ(Read(kUp, kNoonMs, kNoonMs), "0=1") << "both ends are inside";
  EXPECT_EQ(Read(kUp, kNoonMs + 1, kNoonMs + 14999), "");
  EXPECT_EQ(Read(kUp, kNoonMs + 2, kNoonMs + 1), "");
}

TEST_F(StoreTest, BitsOfNansComeBack) {
  Open();
  const double odd = std::bit_cast<double>(uint64_t{0x7ff8dead0000beefu});
  Put(kUp, kNoonMs, odd);
  Put(kUp, kNoonMs + 1, -0.0);
  const auto check = [&](const char* when) {
    const ColumnId id = Id(kUp);
    const auto read = store_->Read({&id, 1}, now_, now_ + Duration{1});
    ASSERT_TRUE(read);
    ASSERT_EQ(read->at(0).size(), 2u) << when;
    EXPECT_TRUE(SameBits(read->at(0)[0].value, odd)) << when;
    EXPECT_TRUE(SameBits(read->at(0)[1].value, -0.0)) << when;
  };
  check("in the head");
  Crash();
  check("after a replay");
  Checkpoint();
  check("in a fragment");
}

TEST_F(StoreTest, AliasesAreDroppedAndForgotten) {
  Open();
  EXPECT_FALSE(store_->Has(kUp));
  const ColumnId up = Id(kUp);
  EXPECT_TRUE(store_->Has(kUp));
  const std::vector<Fingerprint> aliases = {store_->Hash(kUp.ToString()), store_->Hash("dropped"),
                                            store_->Hash("unknown")};
  store_->Drop(aliases[1]);
  std::vector<ColumnId> columns(3);
  store_->Find(aliases, columns);
  EXPECT_EQ(columns, (std::vector<ColumnId>{up, kDroppedColumn, kNoColumn}));
  store_->ForgetAliases();
  store_->Find(aliases, columns);
  EXPECT_EQ(columns, (std::vector<ColumnId>{kNoColumn, kNoColumn, kNoColumn}));
  EXPECT_TRUE(store_->Has(kUp));
  EXPECT_EQ(Id(kUp), up);
}

// What was appended is the same wherever it stands.
TEST_F(StoreTest, SurvivesCrashCheckpointAndClose) {
  Open();
  Put(kUp, kNoonMs, 1);
  Put(Bucket("0.5"), kNoonMs, 3);
  Crash();
  EXPECT_EQ(Read(kUp), "0=1");
  EXPECT_EQ(store_->stats().head_samples, 2u);
  Checkpoint();
  EXPECT_EQ(Read(kUp), "0=1");
  Put(kUp, kNoonMs + 1000, 2);
  EXPECT_EQ(Read(kUp), "0=1 1000=2");
  Crash();
  EXPECT_EQ(Read(kUp), "0=1 1000=2");
  CloseAndOpen();
  EXPECT_EQ(store_->stats().head_samples, 0u) << "nothing to replay";
  EXPECT_EQ(Read(kUp), "0=1 1000=2");
  EXPECT_EQ(Read(Bucket("0.5")), "0=3");
}

TEST_F(StoreTest, ClosedStoreTakesNothing) {
  Open();
  Put(kUp, kNoonMs, 1);
  ASSERT_TRUE(store_->Close(now_));
  const Append sample{Id(kUp), kNoonMs + 1, 2};
  const auto report = store_->Append({&sample, 1}, now_);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Code::kUnavailable);
  EXPECT_EQ(Read(kUp), "0=1");
  EXPECT_TRUE(store_->Close(now_)) << "twice is once";
}

TEST_F(StoreTest, ManyDaysAndSlotsAndRows) {
  Open();
  std::vector<Append> samples;
  const ColumnId id = Id(kUp);
  // Three days back in steps of 20 minutes, then more rows in one slot than a fragment holds.
  int64_t at = kNoonMs - 3 * kDayMs;
  for (; at < kNoonMs - 40 * kMinuteMs; at += 20 * kMinuteMs) {
    samples.push_back({id, at, static_cast<double>(samples.size())});
  }
  for (int i = 0; i < 20000; ++i) {
    samples.push_back({id, at + i, static_cast<double>(samples.size())});
  }
  ASSERT_EQ(store_->Append(samples, now_)->stored, samples.size());
  const auto check = [&](const char* when) {
    const auto read = store_->Read({&id, 1}, now_ - std::chrono::hours{100}, now_);
    ASSERT_TRUE(read) << when;
    ASSERT_EQ(read->at(0).size(), samples.size()) << when;
    for (size_t i = 0; i < samples.size(); ++i) {
      ASSERT_EQ(ToUnixMs(read->at(0)[i].at), samples[i].time_ms) << when;
      ASSERT_EQ(read->at(0)[i].value, samples[i].value) << when;
    }
    EXPECT_EQ(WindowText(kUp, kNoonMs - 10 * kDayMs, kNoonMs).substr(0, 6),
              std::to_string(samples.size()) + " ")
        << when;
  };
  check("head");
  Checkpoint();
  check("fragments");
  CloseAndOpen();
  check("reopened");
}

// ---- What is refused.

TEST_F(StoreTest, Duplicates) {
  const auto check = [&](const char* when) {
    EXPECT_EQ(Put(kUp, kNoonMs, 1), "repeated") << when;
    EXPECT_EQ(Put(kUp, kNoonMs, 2), "duplicate sample for timestamp") << when;
    EXPECT_EQ(Put(kUp, kNoonMs + 1000, 5), "repeated") << when << ", newest";
    EXPECT_EQ(Put(kUp, kNoonMs + 1000, 6), "duplicate sample for timestamp") << when;
  };
  Open();
  EXPECT_EQ(Put(kUp, kNoonMs, 1), "stored");
  EXPECT_EQ(Put(kUp, kNoonMs + 1000, 5), "stored");
  check("in the head");
  Crash();
  check("after a replay");
  Checkpoint();
  check("in fragments");
  Crash();
  check("in fragments after a restart");
  EXPECT_EQ(Read(kUp), "0=1 1000=5");
}

TEST_F(StoreTest, DuplicatesWithinOneRequest) {
  Open();
  const ColumnId id = Id(kUp);
  const std::vector<Append> samples = {
      {id, kNoonMs, 1},     {id, kNoonMs + 10, 2}, {id, kNoonMs, 1},     {id, kNoonMs, 9},
      {id, kNoonMs + 5, 3}, {id, kNoonMs + 5, 3},  {id, kNoonMs + 5, 4}, {id, kNoonMs + 10, 9}};
  const auto report = store_->Append(samples, now_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->stored, 3u);
  EXPECT_EQ(report->repeated, 2u);
  std::vector<uint32_t> refused;
  for (const auto& one : report->refused) refused.push_back(one.index);
  EXPECT_EQ(refused, (std::vector<uint32_t>{3, 6, 7}));
  EXPECT_EQ(Read(kUp), "0=1 5=3 10=2");
  Crash();
  EXPECT_EQ(Read(kUp), "0=1 5=3 10=2");
}

TEST_F(StoreTest, OutOfOrderWindow) {
  Open();
  const int64_t window_ms = options_.out_of_order_window.count();
  EXPECT_EQ(Put(kUp, kNoonMs, 1), "stored");
  EXPECT_EQ(Put(kUp, kNoonMs - window_ms, 2), "stored") << "at the limit";
  EXPECT_EQ(Put(kUp, kNoonMs - window_ms - 1, 3), "too old sample");
  // The window is behind the column's own newest: another series may still be there.
  EXPECT_EQ(Put(kCount, kNoonMs - window_ms - 1, 3), "stored");
  EXPECT_EQ(Put(kSum, kNoonMs - 20 * kDayMs, 3), "stored");
  Checkpoint();
  EXPECT_EQ(Put(kUp, kNoonMs - window_ms + 1, 4), "stored") << "late, into a written slot";
  EXPECT_EQ(Put(kUp, kNoonMs - window_ms, 5), "duplicate sample for timestamp");
  EXPECT_EQ(Put(kUp, kNoonMs - window_ms - 1, 3), "too old sample");
  Crash();
  EXPECT_EQ(Put(kUp, kNoonMs - window_ms - 1, 3), "too old sample") << "newest is found on disk";
  EXPECT_EQ(Put(kUp, kNoonMs - window_ms + 1, 4), "repeated");
  EXPECT_EQ(Read(kUp), "-1800000=2 -1799999=4 0=1");
}

TEST_F(StoreTest, TooFarAheadAndBeyondRetention) {
  Open();
  const int64_t ahead_ms = options_.future_max.count();
  const int64_t retention_ms = options_.retention.count();
  EXPECT_EQ(Put(kUp, kNoonMs - retention_ms - 1, 1), "sample is older than the retention");
  EXPECT_EQ(Put(kUp, kNoonMs - retention_ms, 1), "stored");
  EXPECT_EQ(Put(kUp, kNoonMs + ahead_ms + 1, 1), "sample is too far in the future");
  EXPECT_EQ(Put(kUp, kNoonMs + ahead_ms, 1), "stored");
  EXPECT_EQ(Put(kUp, std::numeric_limits<int64_t>::max(), 1), "sample is too far in the future");
  EXPECT_EQ(Put(kUp, std::numeric_limits<int64_t>::min(), 1), "sample is older than the retention");
}

TEST_F(StoreTest, SeriesLimit) {
  options_.series_max = 3;
  Open();
  EXPECT_EQ(Put(Bucket("1"), kNoonMs, 1), "stored");
  EXPECT_EQ(Put(Bucket("2"), kNoonMs, 1), "stored");
  EXPECT_EQ(Put(kCount, kNoonMs, 1), "stored");
  for (const Labels& more : {kSum, kUp, Bucket("3")}) {
    const auto id = store_->Register(store_->Hash(more.ToString()), more);
    ASSERT_FALSE(id) << more.ToString();
    EXPECT_EQ(id.error().code, Code::kExhausted);
  }
  EXPECT_EQ(Put(Bucket("2.0"), kNoonMs + 1, 2), "stored") << "a known series in another spelling";
  EXPECT_EQ(store_->stats().series, 3u);
  EXPECT_EQ(store_->stats().families, 1u);
}

// ---- Families, columns, spellings.

TEST_F(StoreTest, FindKnowsWhatWasRegistered) {
  Open();
  const Fingerprint known = store_->Hash("raw bytes of up");
  const Fingerprint other = store_->Hash("raw bytes of something else");
  std::vector<ColumnId> found(2);
  store_->Find(std::vector{known, other}, found);
  EXPECT_EQ(found, (std::vector{kNoColumn, kNoColumn}));
  const ColumnId id = *store_->Register(known, kUp);
  store_->Find(std::vector{other, known}, found);
  EXPECT_EQ(found, (std::vector{kNoColumn, id}));
  EXPECT_EQ(*store_->Register(other, kUp), id) << "two spellings of one series";
  EXPECT_EQ(store_->LabelsOf(id), kUp);
  Put(kUp, kNoonMs, 1);
  Crash();
  EXPECT_EQ(store_->Hash("raw bytes of up"), known) << "the secret stays";
  store_->Find(std::vector{known}, std::span(found).first(1));
  EXPECT_EQ(found[0], kNoColumn) << "aliases are found again by their labels";
  EXPECT_EQ(*store_->Register(known, kUp), id);
}

TEST_F(StoreTest, SecretsDiffer) {
  Open();
  const Fingerprint here = store_->Hash("x");
  options_.path = dir_.path() + "/other";
  Open();
  EXPECT_NE(here, store_->Hash("x"));
}

TEST_F(StoreTest, EqualBoundsAreOneColumnSpeltAsLastWritten) {
  Open();
  EXPECT_EQ(Put(Bucket("0.5"), kNoonMs, 1), "stored");
  EXPECT_EQ(Put(Bucket("0.50"), kNoonMs + 1, 2), "stored");
  EXPECT_EQ(Put(Bucket("5e-1"), kNoonMs + 1, 2), "repeated");
  EXPECT_EQ(store_->stats().series, 1u);
  const std::string spelt = "x_bucket{job=\"a\", le=\"5e-1\"}\n";
  const auto check = [&](const char* when) {
    for (const char* le : {"0.5", "0.50", "5e-1", "5E-01", "+0.5"}) {
      EXPECT_EQ(Select("__name__=\"x_bucket\",le=\"" + std::string(le) + "\""), spelt)
          << le << " " << when;
    }
    EXPECT_EQ(Select("__name__=\"x_bucket\",le!=\"0.50\""), "") << when;
    EXPECT_EQ(Select("__name__=\"x_bucket\",le=~\"5e.*\""), spelt) << when;
    EXPECT_EQ(Select("__name__=\"x_bucket\",le=~\"0.5\""), "") << when << ": text, not number";
  };
  check("before");
  Crash();
  check("after a restart");
  EXPECT_EQ(Read(Bucket("0.5")), "0=1 1=2");
  CloseAndOpen();
  // Asking by the fixture registered "0.5" again; that too lasts from the next append.
  EXPECT_EQ(Put(Bucket("0.5"), kNoonMs + 2, 2), "stored");
  Crash();
  EXPECT_EQ(Select("__name__=\"x_bucket\""), "x_bucket{job=\"a\", le=\"0.5\"}\n");
}

TEST_F(StoreTest, FamilyGrowsColumns) {
  Open();
  Put(kCount, kNoonMs, 10);
  Put(Bucket("1"), kNoonMs, 4);
  Checkpoint();
  Put(Bucket("2"), kNoonMs, 5);  // Late member of a written row.
  Put(Bucket("2"), kNoonMs + 1000, 6);
  const auto check = [&](const char* when) {
    EXPECT_EQ(Read(kCount), "0=10") << when;
    EXPECT_EQ(Read(Bucket("1")), "0=4") << when;
    EXPECT_EQ(Read(Bucket("2")), "0=5 1000=6") << when;
    EXPECT_EQ(store_->stats().families, 1u) << when;
  };
  check("new column in the head");
  Crash();
  check("replayed");
  Checkpoint();
  check("written");
}

TEST_F(StoreTest, FamilyView) {
  Open();
  const auto view = [&] {
    const auto families = store_->Families("x", {});
    EXPECT_TRUE(families);
    EXPECT_EQ(families->size(), 1u);
    return families->at(0);
  };
  Put(kSum, kNoonMs - 60000, 1);
  Put(Bucket("+Inf"), kNoonMs - 60000, 2);
  Put(Bucket("0.5"), kNoonMs - 45000, 1);
  Put(kCount, kNoonMs - 30000, 2);
  Put(kCount, kNoonMs, 2);
  const auto check = [&](const char* when) {
    const FamilyView x = view();
    std::string columns;
    for (const Column& column : x.columns) {
      columns += column.role == Role::kBucket ? column.le : column.role == Role::kCount ? "c" : "s";
      columns += " ";
    }
    EXPECT_EQ(columns, "0.5 +Inf c s ") << when;
    EXPECT_EQ(x.base, "x");
    EXPECT_EQ(x.labels, (Labels{{"job", "a"}}));
    ASSERT_TRUE(x.newest) << when;
    EXPECT_EQ(ToUnixMs(*x.newest), kNoonMs) << when;
    EXPECT_EQ(x.spacing, Duration{15000}) << when;
    EXPECT_FALSE(x.ended) << when;
  };
  check("head");
  Crash();
  check("replayed");
  Checkpoint();
  check("written");
  Crash();
  check("from disk");
  Put(kCount, kNoonMs + 15000, StaleMarker());
  EXPECT_TRUE(view().ended);
  Put(kSum, kNoonMs + 15000, StaleMarker());
  EXPECT_TRUE(view().ended);
  CloseAndOpen();
  EXPECT_TRUE(view().ended) << "from disk";
  Put(Bucket("0.5"), kNoonMs + 15000, 3);
  EXPECT_FALSE(view().ended) << "one member goes on";
  EXPECT_TRUE(store_->Families("x", *ParseMatchers("job=\"b\""))->empty());
  EXPECT_EQ(store_->Families("x", *ParseMatchers("job=~\"a|b\",le=\"\""))->size(), 1u);
  EXPECT_TRUE(store_->Families("y", {})->empty());
}

TEST_F(StoreTest, FamilyWithoutSamples) {
  Open();
  Id(kUp);
  const auto families = store_->Families("up", {});
  ASSERT_EQ(families->size(), 1u);
  EXPECT_FALSE(families->at(0).newest);
  EXPECT_EQ(families->at(0).spacing, Duration{0});
}

// A definition waits for an append, and one append makes all of them durable.
TEST_F(StoreTest, DefinitionsAreDurableWithTheNextAppend) {
  Open();
  Id(kCount);
  Put(kUp, kNoonMs, 1);
  Id(kSum);
  Crash();
  EXPECT_EQ(store_->stats().series, 2u);
}

// ---- Select and windows.

TEST_F(StoreTest, SelectNeedsASampleInTheRange) {
  Open();
  Put(kUp, kNoonMs, 1);
  Put(kCount, kNoonMs + 1000, StaleMarker());
  const auto check = [&](const char* when) {
    EXPECT_EQ(Select("{}"), "up{job=\"a\"}\nx_count{job=\"a\"}\n") << when;
    EXPECT_EQ(Select("{}", kNoonMs, kNoonMs), "up{job=\"a\"}\n") << when;
    EXPECT_EQ(Select("{}", kNoonMs + 1, kNoonMs + 999), "") << when;
    EXPECT_EQ(Select("{}", kNoonMs + 1000, kNoonMs + 1000), "x_count{job=\"a\"}\n") << when;
  };
  check("head");
  Checkpoint();
  check("written");
  Crash();
  check("reopened");
}

TEST_F(StoreTest, WindowsAreLeftOpenAndSkipStaleMarkers) {
  Open();
  const double values[] = {1, 5, StaleMarker(), 3, 4};
  for (int i = 0; i < 5; ++i) Put(kUp, kNoonMs + i * 1000, values[i]);
  const auto check = [&](const char* when) {
    EXPECT_EQ(WindowText(kUp, kNoonMs - 1, kNoonMs + 4000), "4 0=1 4000=4 [5;]") << when;
    EXPECT_EQ(WindowText(kUp, kNoonMs, kNoonMs + 4000), "3 1000=5 4000=4 [5;]") << when;
    EXPECT_EQ(WindowText(kUp, kNoonMs + 1000, kNoonMs + 3000), "1 3000=3 3000=3 []") << when;
    EXPECT_EQ(WindowText(kUp, kNoonMs + 1000, kNoonMs + 2000), "0") << when;
    EXPECT_EQ(WindowText(kUp, kNoonMs + 4000, kNoonMs + 4000), "0") << when;
    EXPECT_EQ(WindowText(kUp, kNoonMs + 4000, kNoonMs), "0") << when;
  };
  check("head");
  Checkpoint();
  check("written");
}

// A reset between a fragment and the head, and late samples into a written fragment.
TEST_F(StoreTest, WindowsAcrossFragments) {
  Open();
  Put(kUp, kNoonMs, 10);
  Put(kUp, kNoonMs + 2000, 20);
  Checkpoint();
  Put(kUp, kNoonMs + 3000, 5);
  EXPECT_EQ(WindowText(kUp, kNoonMs - 1, kNoonMs + 9000), "3 0=10 3000=5 [20;]");
  Put(kUp, kNoonMs + 1000, 12);
  EXPECT_EQ(WindowText(kUp, kNoonMs - 1, kNoonMs + 9000), "4 0=10 3000=5 [20;]");
  Checkpoint();
  EXPECT_EQ(WindowText(kUp, kNoonMs - 1, kNoonMs + 9000), "4 0=10 3000=5 [20;]");
  EXPECT_EQ(WindowText(kUp, kNoonMs + 500, kNoonMs + 2500), "2 1000=12 2000=20 []");
  EXPECT_EQ(Read(kUp), "0=10 1000=12 2000=20 3000=5");
}

// ---- Upkeep.

TEST_F(StoreTest, CheckpointWhenDue) {
  options_.checkpoint_samples = 3;
  options_.checkpoint_interval = std::chrono::minutes{30};
  Open();
  ASSERT_TRUE(store_->Maintain(now_));
  Put(kUp, kNoonMs, 1);
  Put(kUp, kNoonMs + 1, 1);
  ASSERT_TRUE(store_->Maintain(now_ + options_.checkpoint_interval - Duration{1}));
  EXPECT_EQ(store_->stats().head_samples, 2u) << "neither samples nor time";
  Put(kUp, kNoonMs + 2, 1);
  ASSERT_TRUE(store_->Maintain(now_));
  EXPECT_EQ(store_->stats().head_samples, 0u) << "by samples";
  Put(kUp, kNoonMs + 3, 1);
  ASSERT_TRUE(store_->Maintain(now_ + options_.checkpoint_interval));
  EXPECT_EQ(store_->stats().head_samples, 0u) << "by time";
  EXPECT_EQ(Read(kUp), "0=1 1=1 2=1 3=1");
}

TEST_F(StoreTest, RetentionDropsWholeDays) {
  options_.retention = std::chrono::hours{48};
  Open();
  // Noon two days ago is the oldest that is taken; its day ends 36 hours ago.
  Put(kUp, kNoonMs - 2 * kDayMs, 1);
  Put(kUp, kNoonMs - kDayMs, 2);
  Checkpoint();
  EXPECT_EQ(ToUnixMs(*store_->stats().oldest), kNoonMs - 2 * kDayMs - kDayMs / 2);
  const Time day_end = FromUnixMs(kNoonMs - kDayMs - kDayMs / 2);
  ASSERT_TRUE(store_->Maintain(day_end + options_.retention - Duration{1}));
  EXPECT_EQ(Read(kUp), "-172800000=1 -86400000=2");
  ASSERT_TRUE(store_->Maintain(day_end + options_.retention));
  EXPECT_EQ(Read(kUp), "-86400000=2");
  EXPECT_EQ(ToUnixMs(*store_->stats().oldest), kNoonMs - kDayMs - kDayMs / 2);
  Crash();
  EXPECT_EQ(Read(kUp), "-86400000=2");
  EXPECT_EQ(WindowText(kUp, 0, kNoonMs), "1 -86400000=2 -86400000=2 []");
}

// Exactly as many bytes as are allowed stay; one fewer, and the oldest day goes.
TEST_F(StoreTest, RetentionBySizeDropsWholeDays) {
  prometheus::Registry registry;
  options_.registry = &registry;
  Open();
  for (int day = 3; day >= 0; --day) {
    for (int i = 0; i < 50; ++i) Put(kUp, kNoonMs - day * kDayMs - 1000 + i, std::sqrt(i + day));
  }
  Checkpoint();
  ASSERT_TRUE(store_->Close(now_));
  store_.reset();
  const auto open_with = [&](uint64_t bytes) {
    options_.retention_bytes = bytes;
    Open();
    ASSERT_TRUE(store_->Maintain(now_));
  };
  // Joining makes days smaller; it comes behind the retention and rests after two calls.
  open_with(0);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(store_->Maintain(now_));
  store_.reset();
  uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(options_.path)) {
    const auto extension = entry.path().extension();
    if (extension == ".sst" || extension == ".log") bytes += entry.file_size();
  }
  const auto days = [&] {
    return (kNoonMs - kDayMs / 2 - ToUnixMs(*store_->stats().oldest)) / kDayMs + 1;
  };
  open_with(bytes);
  EXPECT_EQ(days(), 4);
  open_with(bytes - 1);
  EXPECT_EQ(days(), 3);
  EXPECT_NE(prometheus::TextSerializer()
                .Serialize(registry.Collect())
                .find("nines_tsdb_dropped_days_total{reason=\"size\"} 1\n"),
            std::string::npos);
  open_with(1);
  EXPECT_EQ(days(), 1) << "the present day stays";
  EXPECT_NE(Read(kUp), "");
  store_.reset();
}

TEST_F(StoreTest, FinishedDaysAreJoined) {
  Open();
  for (int i = 0; i < 3; ++i) {
    Put(kUp, kNoonMs + i * 1000, i);
    Checkpoint();
  }
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(store_->Maintain(now_ + std::chrono::hours{14}));
  EXPECT_EQ(Read(kUp), "0=0 1000=1 2000=2");
  CloseAndOpen();
  EXPECT_EQ(Read(kUp), "0=0 1000=1 2000=2");
}

TEST_F(StoreTest, ACheckpointLetsGoOfTheLog) {
  Open();
  for (int i = 0; i < 500; ++i) Put(kUp, kNoonMs + i, i / 7.0);
  const auto log_bytes = [&] {
    uint64_t bytes = 0;
    for (const auto& entry : std::filesystem::directory_iterator(options_.path)) {
      if (entry.path().extension() == ".log") bytes += entry.file_size();
    }
    return bytes;
  };
  EXPECT_GT(log_bytes(), 10'000u);
  Checkpoint();
  EXPECT_LT(log_bytes(), 1'000u);
}

TEST_F(StoreTest, Metrics) {
  prometheus::Registry registry;
  options_.registry = &registry;
  Open();
  Put(kUp, kNoonMs, 1);
  Put(kSum, kNoonMs, 1);
  const auto text = [&] { return prometheus::TextSerializer().Serialize(registry.Collect()); };
  for (const char* line : {"nines_tsdb_head_series 2", "nines_tsdb_head_samples 2",
                           "nines_tsdb_samples_appended_total 2",
                           "nines_tsdb_journal_syncs_total 2", "nines_tsdb_checkpoints_total 0"}) {
    EXPECT_NE(text().find(line), std::string::npos) << line << "\n" << text();
  }
  Checkpoint();
  for (const char* line : {"nines_tsdb_head_samples 0", "nines_tsdb_checkpoints_total 1",
                           "nines_tsdb_checkpoint_duration_seconds_count 1"}) {
    EXPECT_NE(text().find(line), std::string::npos) << line << "\n" << text();
  }
  EXPECT_NE(text().find("\nnines_tsdb_table_written_bytes_total "), std::string::npos) << text();
  EXPECT_EQ(text().find("nines_tsdb_table_written_bytes_total 0\n"), std::string::npos) << text();
  store_.reset();
}

}  // namespace
}  // namespace nines::tsdb
