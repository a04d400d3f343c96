#pragma once
#include <cstdint>
#include <memory>

namespace rocksdb {
class Env;
}  // namespace rocksdb

namespace nines::test {

// A disk in memory whose power can be cut, as a RocksDB environment.  It models what matters for
// durability: bytes survive a cut only if Sync() succeeded after they were appended, whether their
// file was closed or not.  Creating, renaming and deleting files is durable at once; a file that
// was never synced is empty after a cut.
//
// Thread-safe.  It lives longer than every database that uses it.
class FaultFs {
 public:
  FaultFs();
  ~FaultFs();
  FaultFs(const FaultFs&) = delete;
  FaultFs& operator=(const FaultFs&) = delete;

  rocksdb::Env* env();

  // From now on everything that writes fails, and bytes that were not synced are gone.  Files that
  // were open stay dead for ever.  Close the databases, then Restore(), then open them again.
  void PowerCut();

  // As PowerCut(), but up to `bytes` of each file's tail survive although they were not synced: the
  // torn record at the end of a log.
  void PowerCutKeeping(uint64_t bytes);

  // PowerCut() at the change of the disk after the next `n` ones.
  void PowerCutIn(uint64_t n);
  // Whether the power is cut.
  bool is_down() const;

  void Restore();

  // The Sync() after the next `n` ones fails, of any file; those that follow succeed.  What that
  // file holds unsynced then, and gets later, never becomes durable, as on Linux after a failed
  // fsync.
  void FailSyncIn(uint64_t n);

  // Once `bytes` more have been written, writes fail with "no space" until FreeSpace().  An append
  // that does not fit writes nothing.
  void LimitSpace(uint64_t bytes);
  void FreeSpace();

  // Successful ones since the start: an acknowledged write without one is a bug.
  uint64_t sync_count() const;

 private:
  class Disk;
  class File;
  class FileSystem;
  std::unique_ptr<rocksdb::Env> memory_;  // Holds the bytes.
  std::shared_ptr<Disk> disk_;
  std::unique_ptr<rocksdb::Env> env_;
};

}  // namespace nines::test
