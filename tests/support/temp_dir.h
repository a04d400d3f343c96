#pragma once
#include <string>
#include <string_view>

namespace nines::test {

// A new empty folder under the system's folder for temporary files; removed with all that is in it
// by the destructor.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  // Absolute, without a slash at its end.
  const std::string& path() const { return path_; }

  // The path of `name` (which may have folders in it) inside; makes nothing.
  std::string File(std::string_view name) const;

  // Writes a file, its folders made as needed, replacing what was there.  Returns its path.
  std::string Write(std::string_view name, std::string_view text) const;

 private:
  std::string path_;
};

// The whole of a file, "" where it cannot be read.
std::string ReadFile(const std::string& path);

}  // namespace nines::test
