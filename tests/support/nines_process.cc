#include "tests/support/nines_process.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>

namespace nines::test {
namespace {

constexpr Duration kStartTimeout = std::chrono::seconds{30};
constexpr Duration kStopTimeout = std::chrono::seconds{30};

}  // namespace

NinesProcess::NinesProcess(std::string program, std::string folder)
    : program_(std::move(program)),
      folder_(std::move(folder)),
      address_("127.0.0.1:" + std::to_string(FreePort())),
      url_("http://" + address_) {}

void NinesProcess::Start() {
  std::vector<std::string> argv = {program_, "serve", "--storage.path=" + data_path(),
                                   "--web.listen-address=" + address_};
  if (std::filesystem::exists(folder_ + "/nines.yml"))
    argv.push_back("--config.file=" + folder_ + "/nines.yml");
  process_ = std::make_unique<Process>(argv);
  const bool ready = WaitUntil(
      [this] {
        const auto reply = client_.Send({.url = url_ + "/-/ready"});
        return (reply && reply->status == 200) || !process_->Running();
      },
      kStartTimeout);
  ASSERT_TRUE(ready && process_->Running()) << log();
}

void NinesProcess::Kill9() {
  process_->Kill(SIGKILL);
  (void)process_->Wait(kStopTimeout);
}

int NinesProcess::Terminate() {
  process_->Kill(SIGTERM);
  const std::optional<int> status = process_->Wait(kStopTimeout);
  EXPECT_TRUE(status.has_value()) << "did not end after SIGTERM:\n" << log();
  return status.value_or(-1);
}

std::string NinesProcess::Get(const std::string& path) {
  const auto reply = client_.Send({.url = url_ + path});
  return reply ? reply->body : "";
}

}  // namespace nines::test
