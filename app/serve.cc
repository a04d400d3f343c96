#include "app/serve.h"

#include <unistd.h>

#include <atomic>
#include <csignal>

#include "app/server.h"
#include "app/version.h"
#include "base/log.h"

namespace nines::app {
namespace {

// The signals that are taken by Serve() alone; blocked before any thread starts, so that all
// inherit the mask.
sigset_t HandledSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

int Serve(const ServeFlags& flags) {
  log::Configure(*log::ParseLevel(flags.log_level), *log::ParseFormat(flags.log_format));
  const sigset_t signals = HandledSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  log::Info("starting", {{"version", kVersion}, {"storage", flags.storage_path}});
  std::atomic<bool> has_failed = false;
  const auto end = [&has_failed](const std::string& why) {
    log::Error("cannot go on, ends to be started again", {{"err", why}});
    has_failed = true;
    kill(getpid(), SIGTERM);  // Taken by the loop below.
  };
  Result<std::unique_ptr<Server>> server =
      Server::Start({.config_file = flags.config_file,
                     .storage_path = flags.storage_path,
                     .listen_address = flags.listen_address,
                     .enable_admin_api = flags.enable_admin_api,
                     .clock = &SystemClock(),
                     .on_fatal = end,
                     .storage_env = flags.storage_env});
  if (!server) {
    log::Error("cannot start", {{"err", server.error().message}});
    return 1;
  }
  log::Info("ready", {{"address", (*server)->address()}});
  for (;;) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal == SIGHUP) {
      (void)(*server)->Reload();  // Logs its outcome.
      continue;
    }
    log::Info("stopping", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
    const Result<void> stopped = (*server)->Stop();
    if (!stopped) log::Error("stopped, not all is flushed", {{"err", stopped.error().message}});
    if (stopped) log::Info("stopped");
    return stopped && !has_failed ? 0 : 1;
  }
}

}  // namespace nines::app
