#pragma once
#include <cstddef>
#include <string>

namespace nines::app {

struct InspectFlags {
  std::string storage_path = "./data";
  bool json = false;
  size_t top = 10;
};

// `nines inspect`: prints what a data directory holds.  1 when it cannot be read.
int Inspect(const InspectFlags& flags);

}  // namespace nines::app
