#include "tests/support/process.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string_view>

#include "base/check.h"
#include "base/clock.h"

extern char** environ;

namespace nines::test {
namespace {

constexpr int kPollMs = 3;

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> MergedEnvironment(
    const std::vector<std::pair<std::string, std::string>>& added) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    bool replaced = false;
    for (const auto& [name, value] : added) replaced |= text.starts_with(name + "=");
    if (!replaced) all.emplace_back(text);
  }
  for (const auto& [name, value] : added) all.push_back(name + "=" + value);
  return all;
}

// In the child between fork and exec: only calls that are safe after a fork in a threaded program.
[[noreturn]] void Exec(char* const* argv, char* const* environment, const char* directory,
                       int output, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // The parent died before prctl.
  // What is ignored or blocked survives exec; the program shall start as from a shell.
  signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null < 0 || dup2(null, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0) _exit(127);
  if (directory[0] != '\0' && chdir(directory) != 0) _exit(127);
  execvpe(argv[0], argv, environment);
  constexpr std::string_view kMessage = "cannot run the program\n";
  if (write(2, kMessage.data(), kMessage.size()) < 0) _exit(126);
  _exit(127);
}

}  // namespace

Process::Process(std::vector<std::string> argv)
    : Process(ProcessOptions{.argv = std::move(argv)}) {}

Process::Process(ProcessOptions options) {
  CHECK(!options.argv.empty());
  std::vector<std::string> environment = MergedEnvironment(options.environment);
  const std::vector<char*> argv = Pointers(options.argv);
  const std::vector<char*> envp = Pointers(environment);
  const int output =
      open(dir_.File("output").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  CHECK(output >= 0);
  const pid_t parent = getpid();
  pid_ = fork();
  CHECK(pid_ >= 0);
  if (pid_ == 0) Exec(argv.data(), envp.data(), options.directory.c_str(), output, parent);
  close(output);
}

Process::~Process() {
  if (status_) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void Process::Kill(int signal) {
  if (!status_) kill(pid_, signal);
}

std::optional<int> Process::Wait(Duration timeout) {
  WaitUntil(
      [this] {
        int status = 0;
        if (!status_ && waitpid(pid_, &status, WNOHANG) == pid_) {
          status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        }
        return status_.has_value();
      },
      timeout);
  return status_;
}

std::string Process::Output() const { return ReadFile(dir_.File("output")); }

bool Process::WaitForOutput(const std::string& text, Duration timeout) {
  bool found = false;
  WaitUntil(
      [&] {
        const bool ended = !Running();  // Before the look, so that the last words are seen.
        found = Output().find(text) != std::string::npos;
        return found || ended;
      },
      timeout);
  return found;
}

uint16_t FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK(fd >= 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  CHECK(bind(fd, reinterpret_cast<sockaddr*>(&address), length) == 0);
  CHECK(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0);
  close(fd);
  return ntohs(address.sin_port);
}

bool WaitUntil(const std::function<bool()>& predicate, Duration timeout) {
  const auto deadline = SystemClock().Monotonic() + timeout;
  for (;;) {
    if (predicate()) return true;
    if (SystemClock().Monotonic() >= deadline) return false;
    poll(nullptr, 0, kPollMs);
  }
}

}  // namespace nines::test
