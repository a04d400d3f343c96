#pragma once
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nines::app {

// Reads a file of any size line by line, in bounded memory.  One thread.
class LineReader {
 public:
  static constexpr size_t kLineBytesMax = size_t{1} << 20;

  // "-" is standard input.  kNotFound: it cannot be opened; kInvalid: it is a directory.
  static Result<std::unique_ptr<LineReader>> Open(const std::string& file);

  // The next line without its end, valid until the next call; nullopt behind the last.
  // kExhausted: longer than kLineBytesMax; kUnavailable: the disk failed.
  Result<std::optional<std::string_view>> Next();

  // "FILE:12", of the line that Next() gave last.
  std::string Place() const;
  // "12 lines, 45.3 % of FILE".
  std::string Progress() const;

 private:
  struct Closer {
    void operator()(std::FILE* file) const;
  };
  explicit LineReader(std::string name) : name_(std::move(name)) {}
  Result<bool> Fill();

  std::string name_;
  std::unique_ptr<std::FILE, Closer> file_;
  std::vector<char> buffer_;
  size_t begin_ = 0;  // Of what is not given yet, in buffer_.
  size_t end_ = 0;
  uint64_t lines_ = 0;
  uint64_t read_ = 0;  // Bytes of the lines given.
  uint64_t size_ = 0;  // Of the file; 0 where it is not known.
};

}  // namespace nines::app
