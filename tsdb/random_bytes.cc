#include "tsdb/random_bytes.h"

#include <sys/random.h>

namespace nines::tsdb {

std::string RandomBytes(size_t size) {
  std::string bytes(size, '\0');
  size_t got = 0;
  while (got < size) {
    const ssize_t n = getrandom(bytes.data() + got, size - got, 0);
    // Only an interrupted call can fail: the buffer is ours and the flags are none.
    if (n > 0) got += static_cast<size_t>(n);
  }
  return bytes;
}

}  // namespace nines::tsdb
