#include "app/line_reader.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace nines::app {

void LineReader::Closer::operator()(std::FILE* file) const {
  if (file != stdin) std::fclose(file);
}

Result<std::unique_ptr<LineReader>> LineReader::Open(const std::string& file) {
  const bool is_input = file == "-";
  std::unique_ptr<LineReader> reader(new LineReader(is_input ? "standard input" : file));
  reader->file_.reset(is_input ? stdin : std::fopen(file.c_str(), "rb"));
  if (reader->file_ == nullptr) {
    return Error{Code::kNotFound, "cannot open " + file + ": " + std::strerror(errno)};
  }
  struct stat found {};
  if (fstat(fileno(reader->file_.get()), &found) == 0) {
    if (S_ISDIR(found.st_mode)) return Error{Code::kInvalid, file + " is a directory"};
    if (S_ISREG(found.st_mode)) reader->size_ = static_cast<uint64_t>(found.st_size);
  }
  reader->buffer_.resize(2 * kLineBytesMax);
  return reader;
}

// Reads more behind what is there; false at the end of the file.
Result<bool> LineReader::Fill() {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  const size_t got = std::fread(buffer_.data() + end_, 1, buffer_.size() - end_, file_.get());
  if (got == 0 && std::ferror(file_.get()) != 0) {
    return Error{Code::kUnavailable, std::string("cannot be read: ") + std::strerror(errno)};
  }
  end_ += got;
  return got > 0;
}

Result<std::optional<std::string_view>> LineReader::Next() {
  size_t looked_at = 0;
  for (;;) {
    const std::string_view rest(buffer_.data() + begin_, end_ - begin_);
    const size_t newline = rest.find('\n', looked_at);
    if (newline != rest.npos || rest.size() > kLineBytesMax) {
      ++lines_;
      if (std::min(newline, rest.size()) > kLineBytesMax) {
        return Error{Code::kExhausted,
                     "a line of more than " + std::to_string(kLineBytesMax) + " bytes"};
      }
      begin_ += newline + 1;
      read_ += newline + 1;
      return std::optional(rest.substr(0, newline));
    }
    looked_at = rest.size();
    const Result<bool> filled = Fill();
    if (!filled) return filled.error();
    if (*filled) continue;
    if (begin_ == end_) return std::optional<std::string_view>();
    const std::string_view last(buffer_.data() + begin_, end_ - begin_);
    ++lines_;
    read_ += last.size();
    begin_ = end_;
    return std::optional(last);
  }
}

std::string LineReader::Place() const { return name_ + ":" + std::to_string(lines_); }

std::string LineReader::Progress() const {
  std::string text = std::to_string(lines_) + " lines";
  if (size_ > 0) {
    char share[32];
    std::snprintf(share, sizeof share, ", %.1f %%",
                  100 * static_cast<double>(read_) / static_cast<double>(size_));
    text += share;
  }
  return text + " of " + name_;
}

}  // namespace nines::app
