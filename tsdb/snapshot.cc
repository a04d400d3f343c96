#include "tsdb/snapshot.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/utilities/checkpoint.h>

#include <limits>
#include <memory>
#include <vector>

#include "tsdb/bytes.h"
#include "tsdb/random_bytes.h"

namespace nines::tsdb {
namespace {

constexpr const char* kFolder = "/snapshots";
constexpr std::string_view kUnfinished = ".tmp";  // RocksDB's name for a checkpoint being made.

// "20261128T184219Z-" and 16 hexadecimal digits.
std::string NameOf(Time now) {
  std::string name;
  for (const char c : FormatRfc3339Ms(now)) {
    if (c == '.') break;
    if (c != '-' && c != ':') name.push_back(c);
  }
  return name + "Z-" + HexText(RandomBytes(sizeof(uint64_t)));
}

// What a process that was killed left half made.
rocksdb::Status RemoveUnfinished(rocksdb::Env* env, const std::string& folder) {
  std::vector<std::string> names;
  rocksdb::Status status = env->GetChildren(folder, &names);
  for (const std::string& name : names) {
    if (!status.ok()) break;
    if (!name.ends_with(kUnfinished)) continue;
    const std::string unfinished = folder + "/" + name;
    std::vector<std::string> files;
    status = env->GetChildren(unfinished, &files);
    for (const std::string& file : files) {
      if (status.ok()) status = env->DeleteFile(unfinished + "/" + file);
    }
    if (status.ok()) status = env->DeleteDir(unfinished);
  }
  return status;
}

}  // namespace

Result<std::string> MakeSnapshot(const Database& database, const std::string& path, Time now) {
  rocksdb::Env* const env = database.rocks()->GetEnv();
  const std::string folder = path + kFolder;
  rocksdb::Status status = env->CreateDirIfMissing(folder);
  if (status.ok()) status = RemoveUnfinished(env, folder);
  rocksdb::Checkpoint* raw = nullptr;
  if (status.ok()) status = rocksdb::Checkpoint::Create(database.rocks(), &raw);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(raw);
  std::string name = NameOf(now);
  if (status.ok()) {
    // Without a flush: a journal generation is never to be written a second time.
    status =
        checkpoint->CreateCheckpoint(folder + "/" + name, std::numeric_limits<uint64_t>::max());
  }
  if (!status.ok()) {
    return Error{Code::kUnavailable,
                 "cannot make a snapshot in " + folder + ": " + status.ToString()};
  }
  return name;
}

}  // namespace nines::tsdb
