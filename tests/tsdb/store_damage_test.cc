#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <rocksdb/db.h>
#include <rocksdb/sst_file_reader.h>

#include <filesystem>
#include <map>

#include "tests/tsdb/store_fixture.h"

// Damage in the files of partitions: what is damaged is left out and told once, everything else is
// read as it was, and ingest goes on.

namespace nines::tsdb {
namespace {

constexpr int kRounds = 3;

Labels Up(int i) { return {{"__name__", "up"}, {"job", std::to_string(i)}}; }

class StoreDamageTest : public StoreFixture {
 protected:
  StoreDamageTest() { options_.registry = &registry_; }
  ~StoreDamageTest() override { store_.reset(); }

  // `families` with a fragment in each of kRounds files, all of one slot.
  void Fill(int families) {
    families_ = families;
    Open();
    for (int round = 0; round < kRounds; ++round) {
      for (int i = 0; i < families; ++i) {
        for (int row = 0; row < 3; ++row) {
          const int64_t time_ms = kNoonMs + round * kMinuteMs + row * 1000;
          ASSERT_EQ(Put(Up(i), time_ms, i + round * 1000 + row * 0.37), "stored");
          sent_[i][time_ms] = i + round * 1000 + row * 0.37;
        }
      }
      Checkpoint();
    }
    ASSERT_TRUE(store_->Close(now_));
    store_.reset();
  }

  std::vector<std::string> ChunkFiles() const {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(options_.path)) {
      if (entry.path().extension() != ".sst") continue;
      rocksdb::SstFileReader reader{rocksdb::Options()};
      EXPECT_TRUE(reader.Open(entry.path()).ok());
      if (!reader.GetTableProperties()->column_family_name.starts_with("chunks.")) continue;
      files.push_back(entry.path());
    }
    return files;
  }

  // Flips a bit of a file.
  void Flip(const std::string& file, size_t at) {
    std::string bytes = test::ReadFile(file);
    bytes.at(at) = static_cast<char>(bytes.at(at) ^ 0x10);
    dir_.Write("data/" + std::filesystem::path(file).filename().string(), bytes);
  }

  // Samples that can be read; each must be one that was sent.
  size_t CountReadable(int family) {
    const ColumnId id = Id(Up(family));
    const auto read = store_->Read({&id, 1}, FromUnixMs(0), FromUnixMs(2 * kNoonMs));
    EXPECT_TRUE(read) << read.error().message;
    if (!read) return 0;
    for (const Sample& sample : read->at(0)) {
      const auto at = sent_[family].find(ToUnixMs(sample.at));
      EXPECT_TRUE(at != sent_[family].end() && sample.value == at->second) << "invented";
    }
    const WindowQuery query{id, FromUnixMs(0), FromUnixMs(2 * kNoonMs)};
    const auto windows = store_->Windows({&query, 1});
    EXPECT_TRUE(windows) << windows.error().message;
    if (windows && windows->at(0).count > 0) {
      const Window& window = windows->at(0);
      EXPECT_EQ(window.first.value, sent_[family].at(ToUnixMs(window.first.at)));
      EXPECT_EQ(window.last.value, sent_[family].at(ToUnixMs(window.last.at)));
    }
    return read->at(0).size();
  }
  size_t CountAll() {
    EXPECT_TRUE(store_->Select({}, FromUnixMs(0), FromUnixMs(2 * kNoonMs)));
    EXPECT_TRUE(store_->Families("up", {}));
    size_t n = 0;
    for (int i = 0; i < families_; ++i) n += CountReadable(i);
    return n;
  }

  // New samples of every family, in order and late, are stored and read.
  void CheckIngest() {
    for (int i = 0; i < families_; ++i) {
      for (const int64_t after_ms : {10 * kMinuteMs, 90'500L}) {
        ASSERT_EQ(Put(Up(i), kNoonMs + after_ms, 7), "stored") << i << " " << after_ms;
        sent_[i][kNoonMs + after_ms] = 7;
      }
    }
  }
  size_t AllSent() const { return static_cast<size_t>(families_) * kRounds * 3; }

  double Corrupt() {
    const std::string text = prometheus::TextSerializer().Serialize(registry_.Collect());
    const std::string name = "\nnines_tsdb_corrupt_fragments_total ";
    const size_t at = text.find(name);
    EXPECT_NE(at, std::string::npos) << text;
    return std::stod(text.substr(at + name.size()));
  }

  prometheus::Registry registry_;
  int families_ = 0;
  std::map<int, std::map<int64_t, double>> sent_;
};

// A bit anywhere in a file of a partition: the store refuses to open in words, where RocksDB
// cannot open the file at all, or all that is not in that block is there.
TEST_F(StoreDamageTest, AFlippedBitAnywhere) {
  Fill(40);
  const auto files = ChunkFiles();
  ASSERT_EQ(files.size(), static_cast<size_t>(kRounds));
  const std::string& file = files[1];
  const size_t size = std::filesystem::file_size(file);
  int refused = 0;
  int partial = 0;
  for (size_t at = 0; at < size; at += 1 + size / 30) {
    SCOPED_TRACE("byte " + std::to_string(at) + " of " + std::to_string(size));
    const auto sent = sent_;
    const std::string copy = dir_.path() + "/copy";
    std::filesystem::remove_all(copy);
    std::filesystem::copy(options_.path, copy);
    Flip(file, at);
    auto opened = Store::Open(options_);
    if (!opened) {
      ++refused;
      EXPECT_EQ(opened.error().code, Code::kCorrupt);
      EXPECT_NE(opened.error().message.find(options_.path), std::string::npos)
          << opened.error().message;
    } else {
      store_ = *std::move(opened);
      const double before = Corrupt();
      const size_t readable = CountAll();
      EXPECT_GE(readable, AllSent() / kRounds * (kRounds - 1)) << "other files are whole";
      partial += readable < AllSent() ? 1 : 0;
      EXPECT_EQ(Corrupt() > before, readable < AllSent());
      const double after = Corrupt();
      CheckIngest();
      EXPECT_EQ(CountAll(), readable + 2 * static_cast<size_t>(families_));
      // It is told once, and checkpoints and compaction go on beside it.
      EXPECT_EQ(Corrupt(), after);
      Checkpoint();
      for (int i = 0; i < 2; ++i) {
        const Result<void> done = store_->Maintain(now_ + std::chrono::hours{14});
        EXPECT_TRUE(done) << done.error().message;
      }
      EXPECT_EQ(CountAll(), readable + 2 * static_cast<size_t>(families_));
      EXPECT_TRUE(store_->records().Write(std::vector<Records::Change>{{"room/kind/a", "b"}}));
      store_.reset();
    }
    if (HasFailure()) return;
    sent_ = sent;
    std::filesystem::remove_all(options_.path);
    std::filesystem::rename(copy, options_.path);
  }
  EXPECT_GT(partial, 5);
  EXPECT_GT(refused, 0);
}

// Blocks are 16 KB: of many families most are whole.
TEST_F(StoreDamageTest, ABadBlockTakesWhatIsInIt) {
  Fill(300);
  const auto files = ChunkFiles();
  Flip(files[0], 100);
  Open();
  const size_t readable = CountAll();
  EXPECT_LT(readable, AllSent());
  EXPECT_GE(readable, AllSent() / kRounds * (kRounds - 1));
  EXPECT_EQ(Corrupt(), 1);
  int whole = 0;
  for (int i = 0; i < families_; ++i) whole += CountReadable(i) == kRounds * 3 ? 1 : 0;
  EXPECT_GT(whole, 0);
  EXPECT_LT(whole, families_);
}

// Fragments whose checksums are right and that cannot be decoded.
TEST_F(StoreDamageTest, Undecodable) {
  Fill(3);
  const auto spoil = [&](char kind, char family) {
    rocksdb::Options options;
    std::vector<std::string> names;
    ASSERT_TRUE(rocksdb::DB::ListColumnFamilies(options, options_.path, &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
    for (const std::string& name : names) descriptors.emplace_back(name, options);
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* raw = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(options, options_.path, descriptors, &handles, &raw).ok());
    for (rocksdb::ColumnFamilyHandle* handle : handles) {
      if (handle->GetName().starts_with("chunks.")) {
        const std::unique_ptr<rocksdb::Iterator> at(raw->NewIterator({}, handle));
        // The last fragment of the family.
        at->SeekForPrev(std::string{kind, 0, 0, 0, family, '\x7f'});
        ASSERT_TRUE(at->Valid());
        ASSERT_TRUE(raw->Put({}, handle, at->key(), "garbage").ok());
        ASSERT_TRUE(raw->Flush({}, handle).ok());
      }
      ASSERT_TRUE(raw->DestroyColumnFamilyHandle(handle).ok());
    }
    delete raw;
  };
  spoil('s', 0);
  spoil('d', 1);
  Open();
  EXPECT_EQ(Corrupt(), 0);
  EXPECT_EQ(CountReadable(0), 6u);
  EXPECT_EQ(CountReadable(1), 6u);
  EXPECT_EQ(CountReadable(2), 9u);
  EXPECT_EQ(Corrupt(), 2);
  CheckIngest();
  EXPECT_EQ(CountAll(), 21u + 6u);
  EXPECT_EQ(Corrupt(), 2);
}

}  // namespace
}  // namespace nines::tsdb
