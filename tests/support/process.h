#pragma once
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "tests/support/temp_dir.h"

namespace nines::test {

struct ProcessOptions {
  std::vector<std::string> argv;  // argv[0] is a path, or a name that PATH has.
  std::vector<std::pair<std::string, std::string>> environment = {};  // Added to ours.
  std::string directory = {};  // Where it starts; "" is where we are.
};

// A program that a test started.  Its standard output and error go to one file.  The destructor
// kills it (SIGKILL) and reaps it; it is also killed when the thread that started it ends, so that
// a crashed test leaves nothing behind.  One thread at a time.
class Process {
 public:
  // A program that cannot be run exits with 127.
  explicit Process(ProcessOptions options);
  explicit Process(std::vector<std::string> argv);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }

  // Sends a signal; nothing where the process was reaped already.
  void Kill(int signal);

  // The exit status once it has ended: its own, or as in a shell 128 + the signal that ended it.
  // nullopt: still running after `timeout`.  May be called again.
  std::optional<int> Wait(Duration timeout);
  bool Running() { return !Wait(Duration::zero()).has_value(); }

  // What it has printed so far.
  std::string Output() const;

  // Waits until the output holds `text`.  false: not within `timeout`, or it ended without it.
  bool WaitForOutput(const std::string& text, Duration timeout);

 private:
  TempDir dir_;
  pid_t pid_ = -1;
  std::optional<int> status_;
};

// A port of 127.0.0.1 that was free a moment ago, for programs that cannot take port 0.
uint16_t FreePort();

// Asks `predicate` every few milliseconds, at least once.  Whether it came true within `timeout`.
bool WaitUntil(const std::function<bool()>& predicate, Duration timeout);

}  // namespace nines::test
