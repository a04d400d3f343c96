#include "tests/support/fault_fs.h"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <algorithm>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/check.h"

namespace nines::test {

using rocksdb::FileOptions;
using rocksdb::FSWritableFile;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

namespace {

constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();

IOStatus NoPower() { return IOStatus::IOError("the power is cut"); }

// What is known of one file, shared by its names and the handles that write it.
struct FileState {
  uint64_t synced = 0;  // So many bytes from its start are durable.
  bool poisoned = false;
};

std::string ReadAll(rocksdb::FileSystem& fs, const std::string& name) {
  uint64_t size = 0;
  CHECK(fs.GetFileSize(name, IOOptions(), &size, nullptr).ok());
  std::unique_ptr<rocksdb::FSSequentialFile> file;
  CHECK(fs.NewSequentialFile(name, FileOptions(), &file, nullptr).ok());
  std::string text(size, '\0');
  std::string all;
  while (all.size() < size) {
    Slice got;
    CHECK(file->Read(size - all.size(), IOOptions(), &got, text.data(), nullptr).ok());
    CHECK(!got.empty());
    all.append(got.data(), got.size());
  }
  return all;
}

void Rewrite(rocksdb::FileSystem& fs, const std::string& name, const std::string& text) {
  CHECK(fs.DeleteFile(name, IOOptions(), nullptr).ok());
  std::unique_ptr<FSWritableFile> file;
  CHECK(fs.NewWritableFile(name, FileOptions(), &file, nullptr).ok());
  CHECK(file->Append(text, IOOptions(), nullptr).ok());
  CHECK(file->Sync(IOOptions(), nullptr).ok());
  CHECK(file->Close(IOOptions(), nullptr).ok());
}

}  // namespace

// The state of the disk.  One mutex over all of it: a cut falls between two calls.
class FaultFs::Disk {
 public:
  explicit Disk(std::shared_ptr<rocksdb::FileSystem> memory) : memory_(std::move(memory)) {}

  // Runs `action` unless the power is cut.  `epoch`: that of the handle which asks.
  template <class Action>
  IOStatus WithPower(uint64_t epoch, Action action) {
    std::lock_guard lock(mutex_);
    if (epoch != epoch_ || IsDown()) return NoPower();
    return action();
  }
  template <class Action>
  IOStatus WithPower(Action action) {
    std::lock_guard lock(mutex_);
    return IsDown() ? NoPower() : action();
  }

  // The methods from here to PowerCut() are called within WithPower().
  uint64_t epoch() const { return epoch_; }

  std::shared_ptr<FileState> Create(const std::string& name) {
    return files_[name] = std::make_shared<FileState>();
  }
  std::shared_ptr<FileState> Reopen(const std::string& name, uint64_t size) {
    std::shared_ptr<FileState>& state = files_[name];
    if (state == nullptr) {
      // Left by a cut: what there is, is durable.
      state = std::make_shared<FileState>();
      state->synced = size;
    }
    return state;
  }
  void Rename(const std::string& from, const std::string& to) {
    auto node = files_.extract(from);
    files_.erase(to);
    if (node) files_[to] = std::move(node.mapped());
  }
  void Link(const std::string& from, const std::string& to) {
    const auto it = files_.find(from);
    if (it != files_.end()) files_[to] = it->second;
  }
  void Delete(const std::string& name) { files_.erase(name); }

  IOStatus TakeSpace(uint64_t bytes) {
    if (bytes > space_) return IOStatus::NoSpace("the disk is full");
    if (space_ != kUnlimited) space_ -= bytes;
    return IOStatus::OK();
  }
  IOStatus Sync(FileState& file, uint64_t size) {
    if (fail_sync_in_ && (*fail_sync_in_)-- == 0) {
      fail_sync_in_.reset();
      file.poisoned = true;
      return IOStatus::IOError("sync failed");
    }
    if (!file.poisoned) file.synced = size;
    ++syncs_;
    return IOStatus::OK();
  }

  void PowerCut(uint64_t kept) {
    std::lock_guard lock(mutex_);
    Cut(kept);
  }
  void PowerCutIn(uint64_t n) {
    std::lock_guard lock(mutex_);
    cut_in_ = n;
  }
  bool is_down() const {
    std::lock_guard lock(mutex_);
    return down_;
  }
  void Restore() {
    std::lock_guard lock(mutex_);
    CHECK(down_);
    down_ = false;
  }
  void FailSyncIn(uint64_t n) {
    std::lock_guard lock(mutex_);
    fail_sync_in_ = n;
  }
  void LimitSpace(uint64_t bytes) {
    std::lock_guard lock(mutex_);
    space_ = bytes;
  }
  uint64_t sync_count() const {
    std::lock_guard lock(mutex_);
    return syncs_;
  }

 private:
  // Asked before each change.
  bool IsDown() {
    if (!down_ && cut_in_ && (*cut_in_)-- == 0) Cut(0);
    return down_;
  }
  void Cut(uint64_t kept) {
    CHECK(!down_);
    cut_in_.reset();
    down_ = true;
    ++epoch_;
    for (auto& [name, state] : files_) {
      const std::string text = ReadAll(*memory_, name);
      const uint64_t unsynced = text.size() - std::min<uint64_t>(text.size(), state->synced);
      const uint64_t lost = unsynced - std::min(unsynced, kept);
      if (lost > 0) Rewrite(*memory_, name, text.substr(0, text.size() - lost));
    }
    files_.clear();  // What is left is durable and is not written again.
    fail_sync_in_.reset();
  }

  const std::shared_ptr<rocksdb::FileSystem> memory_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<FileState>> files_;
  bool down_ = false;
  uint64_t epoch_ = 0;  // Cuts so far.
  std::optional<uint64_t> cut_in_;
  std::optional<uint64_t> fail_sync_in_;
  uint64_t space_ = kUnlimited;
  uint64_t syncs_ = 0;
};

// Writes through, so that readers see what was appended, and notes what was synced.
class FaultFs::File final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  File(std::unique_ptr<FSWritableFile> target, std::shared_ptr<Disk> disk,
       std::shared_ptr<FileState> state)
      : FSWritableFileOwnerWrapper(std::move(target)),
        disk_(std::move(disk)),
        state_(std::move(state)),
        epoch_(disk_->epoch()) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    return disk_->WithPower(epoch_, [&] {
      const IOStatus space = disk_->TakeSpace(data.size());
      return space.ok() ? target()->Append(data, options, debug) : space;
    });
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus PositionedAppend(const Slice&, uint64_t, const IOOptions&, IODebugContext*) override {
    return IOStatus::NotSupported("direct writes");
  }
  IOStatus PositionedAppend(const Slice&, uint64_t, const IOOptions&,
                            const rocksdb::DataVerificationInfo&, IODebugContext*) override {
    return IOStatus::NotSupported("direct writes");
  }
  IOStatus Truncate(uint64_t size, const IOOptions& options, IODebugContext* debug) override {
    return disk_->WithPower(epoch_, [&] {
      state_->synced = std::min(state_->synced, size);
      return target()->Truncate(size, options, debug);
    });
  }
  IOStatus Flush(const IOOptions& options, IODebugContext* debug) override {
    return disk_->WithPower(epoch_, [&] { return target()->Flush(options, debug); });
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    return disk_->WithPower(
        epoch_, [&] { return disk_->Sync(*state_, target()->GetFileSize(options, debug)); });
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return Sync(options, debug);
  }
  bool IsSyncThreadSafe() const override { return true; }
  // A hint to the kernel; makes nothing durable.
  IOStatus RangeSync(uint64_t, uint64_t, const IOOptions&, IODebugContext*) override {
    return disk_->WithPower(epoch_, [] { return IOStatus::OK(); });
  }

 private:
  const std::shared_ptr<Disk> disk_;
  const std::shared_ptr<FileState> state_;
  const uint64_t epoch_;
};

class FaultFs::FileSystem final : public rocksdb::FileSystemWrapper {
 public:
  FileSystem(const std::shared_ptr<rocksdb::FileSystem>& target, std::shared_ptr<Disk> disk)
      : FileSystemWrapper(target), disk_(std::move(disk)) {}

  const char* Name() const override { return "NinesFaultFs"; }

  IOStatus NewWritableFile(const std::string& name, const FileOptions& options,
                           std::unique_ptr<FSWritableFile>* result,
                           IODebugContext* debug) override {
    return disk_->WithPower([&] {
      std::unique_ptr<FSWritableFile> file;
      IOStatus status = target()->NewWritableFile(name, options, &file, debug);
      if (status.ok()) {
        *result = std::make_unique<File>(std::move(file), disk_, disk_->Create(name));
      }
      return status;
    });
  }
  IOStatus ReopenWritableFile(const std::string& name, const FileOptions& options,
                              std::unique_ptr<FSWritableFile>* result,
                              IODebugContext* debug) override {
    return disk_->WithPower([&] {
      std::unique_ptr<FSWritableFile> file;
      IOStatus status = target()->ReopenWritableFile(name, options, &file, debug);
      if (status.ok()) {
        const uint64_t size = file->GetFileSize(IOOptions(), debug);
        *result = std::make_unique<File>(std::move(file), disk_, disk_->Reopen(name, size));
      }
      return status;
    });
  }
  // A log that is used again has old records behind its end: the store must not do it.
  IOStatus ReuseWritableFile(const std::string&, const std::string&, const FileOptions&,
                             std::unique_ptr<FSWritableFile>*, IODebugContext*) override {
    return IOStatus::NotSupported("recycled files");
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* debug) override {
    return disk_->WithPower([&] {
      IOStatus status = target()->RenameFile(from, to, options, debug);
      if (status.ok()) disk_->Rename(from, to);
      return status;
    });
  }
  IOStatus LinkFile(const std::string& from, const std::string& to, const IOOptions& options,
                    IODebugContext* debug) override {
    return disk_->WithPower([&] {
      IOStatus status = target()->LinkFile(from, to, options, debug);
      if (status.ok()) disk_->Link(from, to);
      return status;
    });
  }
  IOStatus DeleteFile(const std::string& name, const IOOptions& options,
                      IODebugContext* debug) override {
    return disk_->WithPower([&] {
      IOStatus status = target()->DeleteFile(name, options, debug);
      if (status.ok()) disk_->Delete(name);
      return status;
    });
  }

 private:
  const std::shared_ptr<Disk> disk_;
};

FaultFs::FaultFs()
    : memory_(rocksdb::NewMemEnv(rocksdb::Env::Default())),
      disk_(std::make_shared<Disk>(memory_->GetFileSystem())),
      env_(
          rocksdb::NewCompositeEnv(std::make_shared<FileSystem>(memory_->GetFileSystem(), disk_))) {
}

FaultFs::~FaultFs() = default;

rocksdb::Env* FaultFs::env() { return env_.get(); }
void FaultFs::PowerCut() { disk_->PowerCut(0); }
void FaultFs::PowerCutKeeping(uint64_t bytes) { disk_->PowerCut(bytes); }
void FaultFs::PowerCutIn(uint64_t n) { disk_->PowerCutIn(n); }
bool FaultFs::is_down() const { return disk_->is_down(); }
void FaultFs::Restore() { disk_->Restore(); }
void FaultFs::FailSyncIn(uint64_t n) { disk_->FailSyncIn(n); }
void FaultFs::LimitSpace(uint64_t bytes) { disk_->LimitSpace(bytes); }
void FaultFs::FreeSpace() { disk_->LimitSpace(kUnlimited); }
uint64_t FaultFs::sync_count() const { return disk_->sync_count(); }

}  // namespace nines::test
