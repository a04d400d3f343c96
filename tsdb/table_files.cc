#include "tsdb/table_files.h"

#include <rocksdb/db.h>
#include <rocksdb/metadata.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_reader.h>

#include <utility>

namespace nines::tsdb {
namespace {

// Keeps the files that are listed after this was made.
class KeepFiles {
 public:
  explicit KeepFiles(rocksdb::DB* rocks) : rocks_(rocks) {
    rocks_->DisableFileDeletions().PermitUncheckedError();
  }
  ~KeepFiles() { rocks_->EnableFileDeletions(/*force=*/false).PermitUncheckedError(); }
  KeepFiles(const KeepFiles&) = delete;
  KeepFiles& operator=(const KeepFiles&) = delete;

 private:
  rocksdb::DB* rocks_;
};

struct TableFile {
  std::string path;
  std::string smallest;
  std::string largest;
};

std::vector<TableFile> FilesOf(rocksdb::DB* rocks, const FamilyHandle& family) {
  rocksdb::ColumnFamilyMetaData data;
  rocks->GetColumnFamilyMetaData(family.get(), &data);
  std::vector<TableFile> files;
  for (const rocksdb::LevelMetaData& level : data.levels) {
    for (const rocksdb::SstFileMetaData& file : level.files) {
      files.push_back({file.db_path + file.name, file.smallestkey, file.largestkey});
    }
  }
  return files;
}

rocksdb::Options ReaderOptions(rocksdb::DB* rocks) {
  rocksdb::Options options;
  options.env = rocks->GetEnv();
  return options;
}

}  // namespace

Result<std::map<std::string, std::string>> Salvage(
    rocksdb::DB* rocks, const FamilyHandle& family, const std::string& from, const std::string& to,
    const std::function<std::string(const std::string& key)>& next,
    const std::function<void(const std::string& key, const std::string& what)>& damaged) {
  std::map<std::string, std::string> found;
  const KeepFiles keep(rocks);
  for (const TableFile& file : FilesOf(rocks, family)) {
    if (file.largest < from || file.smallest >= to) continue;
    rocksdb::SstFileReader reader(ReaderOptions(rocks));
    const rocksdb::Status opened = reader.Open(file.path);
    if (opened.IsCorruption()) {
      damaged(from, opened.ToString());
      continue;
    }
    if (!opened.ok()) return FromStatus("cannot open " + file.path, opened);
    const std::unique_ptr<rocksdb::Iterator> at(reader.NewIterator({}));
    for (std::string key = from; key < to;) {
      for (at->Seek(key); at->Valid() && at->key().ToStringView() < to; at->Next()) {
        key = at->key().ToString();
        found.emplace(key, at->value().ToString());
      }
      if (at->status().ok()) break;
      if (!at->status().IsCorruption()) return FromStatus("cannot read " + file.path, at->status());
      damaged(key, at->status().ToString());
      key = next(key);
    }
  }
  return found;
}

}  // namespace nines::tsdb
