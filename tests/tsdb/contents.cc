#include "tests/tsdb/contents.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <memory>
#include <vector>

namespace nines::tsdb {

Contents ReadContents(const std::string& path) {
  std::vector<std::string> names;
  rocksdb::Status status = rocksdb::DB::ListColumnFamilies({}, path, &names);
  EXPECT_TRUE(status.ok()) << status.ToString();
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions{});
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  status = rocksdb::DB::OpenForReadOnly({}, path, families, &handles, &opened);
  EXPECT_TRUE(status.ok()) << status.ToString();
  if (!status.ok()) return {};
  const std::unique_ptr<rocksdb::DB> db(opened);
  Contents contents;
  for (rocksdb::ColumnFamilyHandle* handle : handles) {
    auto& records = contents[handle->GetName()];
    const std::unique_ptr<rocksdb::Iterator> at(db->NewIterator({}, handle));
    for (at->SeekToFirst(); at->Valid(); at->Next()) {
      records[at->key().ToString()] = at->value().ToString();
    }
    EXPECT_TRUE(db->DestroyColumnFamilyHandle(handle).ok());
  }
  return contents;
}

}  // namespace nines::tsdb
