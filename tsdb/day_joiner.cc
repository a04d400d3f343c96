#include "tsdb/day_joiner.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/sst_file_writer.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "tsdb/bytes.h"
#include "tsdb/chunk.h"

namespace nines::tsdb {
namespace {

constexpr std::string_view kDataFile = "JOINING.data";
constexpr std::string_view kSummaryFile = "JOINING.summaries";

std::string PathOf(const Database& database, std::string_view file) {
  return database.path() + "/" + std::string(file);
}

// One table file, of keys in order.
class TableWriter {
 public:
  TableWriter(Database* database, const FamilyHandle& family, std::string_view file)
      : path_(PathOf(*database, file)),
        writer_(rocksdb::EnvOptions(), database->rocks()->GetOptions(family.get()), family.get()) {}

  Result<void> Put(const std::string& key, const std::string& value) {
    rocksdb::Status status;
    if (!is_open_) status = writer_.Open(path_);
    is_open_ = true;
    if (status.ok()) status = writer_.Put(key, value);
    if (!status.ok()) return FromStatus("cannot write " + path_, status);
    return {};
  }
  // Adds the path to `files` where there is anything in it.
  Result<void> Finish(std::vector<std::string>* files) {
    if (!is_open_) return {};
    const rocksdb::Status status = writer_.Finish();
    if (!status.ok()) return FromStatus("cannot write " + path_, status);
    files->push_back(path_);
    return {};
  }

 private:
  std::string path_;
  rocksdb::SstFileWriter writer_;
  bool is_open_ = false;
};

}  // namespace

struct DayJoiner::Files {
  std::unique_ptr<rocksdb::Iterator> at;
  // In order of keys all data go before all summaries, but they are made together.
  TableWriter data;
  TableWriter summaries;
  std::vector<std::string> finished;

  Files(Database* database, const FamilyHandle& from)
      : data(database, from, kDataFile), summaries(database, from, kSummaryFile) {
    rocksdb::ReadOptions options;
    options.fill_cache = false;
    options.readahead_size = 1 << 20;
    at.reset(database->rocks()->NewIterator(options, from.get()));
    at->Seek(std::string(1, kDataKind));
  }
};

DayJoiner::DayJoiner(Database* database, FamilyHandle from)
    : database_(database),
      from_(std::move(from)),
      files_(std::make_unique<Files>(database, from_)) {}

DayJoiner::~DayJoiner() {
  files_.reset();
  (void)RemoveLeftovers(database_);  // What stays is removed when the database is opened.
}

Result<void> DayJoiner::RemoveLeftovers(Database* database) {
  rocksdb::Env* const env = database->rocks()->GetEnv();
  for (const std::string_view file : {kDataFile, kSummaryFile}) {
    const std::string path = PathOf(*database, file);
    if (!env->FileExists(path).ok()) continue;
    const rocksdb::Status status = env->DeleteFile(path);
    if (!status.ok()) return FromStatus("cannot remove " + path, status);
  }
  return {};
}

bool DayJoiner::IsOfUnit(const Place& place) const {
  const Place& first = unit_.front().place;
  return place.family == first.family && place.slot / kSlotsOfUnit == first.slot / kSlotsOfUnit;
}

Result<DayJoiner::Progress> DayJoiner::Step(uint64_t* bytes) {
  rocksdb::Iterator& at = *files_->at;
  for (; at.Valid() && at.key()[0] == kDataKind; at.Next()) {
    const std::optional<Place> place = ParsePlace(at.key().ToStringView().substr(1));
    if (!place) {
      return Error{Code::kCorrupt, HexText(at.key().ToStringView()) + " is no key of a fragment"};
    }
    if (!unit_.empty() && !IsOfUnit(*place)) {
      if (const Result<void> joined = JoinUnit(); !joined) return joined.error();
      if (*bytes == 0) return Progress::kMore;
    }
    unit_.push_back({*place, at.value().ToString()});
    *bytes -= std::min<uint64_t>(*bytes, at.value().size());
  }
  if (!at.status().ok()) return FromStatus("cannot read " + from_->GetName(), at.status());
  if (const Result<void> joined = JoinUnit(); !joined) return joined.error();
  for (TableWriter* writer : {&files_->data, &files_->summaries}) {
    if (const auto done = writer->Finish(&files_->finished); !done) return done.error();
  }
  return Progress::kDone;
}

Result<void> DayJoiner::JoinUnit() {
  if (unit_.empty()) return {};
  Rows rows;
  uint32_t count_ordinal = kNoOrdinal;
  Place place{.family = unit_.front().place.family, .slot = 0, .generation = 0, .part = 0};
  for (const Source& source : unit_) {
    const Result<Block> block = Decode(source.data);
    if (!block) {
      return Wrap("fragment " + HexText(FragmentKey(kDataKind, source.place)), block.error());
    }
    for (const ColumnCells& column : block->columns) {
      if (column.is_count) count_ordinal = column.ordinal;
    }
    rows.Add(*block);
    place.generation = std::max(place.generation, source.place.generation);
  }
  unit_.clear();
  const bool is_one = rows.size() <= kJoinedRowsMax;
  for (uint32_t first = 0; first < rows.size();) {
    const SlotId slot = SlotOf(rows.time(first));
    const uint32_t end = is_one ? rows.size() : rows.LowerBound(StartOf(slot) + kSlotMs);
    place.slot = slot.slot;
    for (uint32_t part = 0; first < end; ++part) {
      CHECK(part < kPartsMax);
      place.part = static_cast<uint8_t>(part);
      const uint32_t last = std::min(end, rows.FragmentEnd(first, kFragmentRowsMax));
      if (const auto put = WriteChunk(rows, first, last, place, count_ordinal); !put) return put;
      first = last;
    }
  }
  return {};
}

Result<void> DayJoiner::WriteChunk(const Rows& rows, uint32_t first, uint32_t last, Place place,
                                   uint32_t count_ordinal) {
  const EncodedBlock encoded = Encode(rows.ToBlock(first, last, count_ordinal));
  if (Result<void> put = files_->data.Put(FragmentKey(kDataKind, place), encoded.data); !put) {
    return put;
  }
  return files_->summaries.Put(FragmentKey(kSummaryKind, place), encoded.summary);
}

Result<FamilyHandle> DayJoiner::Finish(const std::string& name) {
  if (files_->finished.empty()) return database_->Create(name, Database::Use::kChunks);
  return database_->CreateOf(name, files_->finished);
}

}  // namespace nines::tsdb
