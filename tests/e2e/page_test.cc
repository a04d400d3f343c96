// The status page in a real browser, over a real HTTP server and made-up SLOs: what a reader sees,
// and that nothing a sender says can run.

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/http_server.h"
#include "tests/api/fixtures.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace nines {
namespace {

using evaluator::Condition;
using evaluator::State;

// Would set the title if it were ever taken for markup or script.
constexpr const char* kHostile =
    "\"><img src=x onerror=\"document.title='owned'\"><script>alert(1)</script>";

class PageTest : public testing::Test {
 protected:
  void SetUp() override {
    world_.clock.wall = SystemClock().Wall();
    api_ = world_.MakeApi();
    auto server = net::HttpServer::Start(
        {.listen_address = "127.0.0.1:0"},
        [this](const net::HttpRequest& request) { return api_->Handle(request); });
    ASSERT_TRUE(server.has_value()) << server.error().message;
    server_ = std::move(*server);
  }

  Time Ago(int seconds) const { return world_.clock.wall - std::chrono::seconds{seconds}; }

  evaluator::SloStatus Slo(const char* name) const {
    evaluator::SloStatus slo = api::test::Slo(name);
    slo.evaluated_at = Ago(1);
    return slo;
  }

  // The document once the page has read the API, as the browser writes it back; without the text
  // of scripts, as it has none inline.
  std::string Dom() const {
    const test::TempDir profile;
    test::Process chromium({"chromium", "--headless", "--no-sandbox", "--disable-gpu",
                            "--disable-quic", "--no-first-run", "--disable-background-networking",
                            "--disable-component-update", "--disable-sync",
                            "--user-data-dir=" + profile.path(), "--virtual-time-budget=3000",
                            "--dump-dom", "http://" + server_->address() + "/"});
    const std::optional<int> status = chromium.Wait(std::chrono::minutes{2});
    const std::string output = chromium.Output();
    EXPECT_EQ(status, 0) << "chromium is needed for this test: apt-get install chromium\n"
                         << output;
    const size_t begin = output.find("<html");
    return begin == output.npos ? "" : output.substr(begin);
  }

  // Declared in the order of their use: the server stops first.
  api::test::World world_;
  std::unique_ptr<api::Api> api_;
  std::unique_ptr<net::HttpServer> server_;
};

void ExpectShown(const std::string& dom, std::string_view text) {
  EXPECT_NE(dom.find(text), dom.npos) << "not shown: " << text << "\n" << dom;
}

TEST_F(PageTest, ShowsWhatTheApiSays) {
  evaluator::SloStatus firing = Slo("predict-latency");
  firing.condition = Condition::kBreached;
  firing.groups = {api::test::FiringGroup()};
  firing.groups[0].ratio = 0.98999;  // Must not read as 99 %.
  firing.groups[0].since = Ago(125);
  evaluator::SloStatus fine = Slo("search-latency");
  fine.groups = {api::test::FiringGroup()};
  fine.groups[0].state = State::kInactive;
  fine.groups[0].condition = Condition::kOk;
  fine.groups[0].message.clear();
  fine.groups[0].alerts.clear();
  fine.groups[0].ratio = 1;
  fine.groups[0].error_budget.remaining_ratio = 0.421;
  evaluator::SloStatus empty = Slo(kHostile);
  empty.service = kHostile;
  empty.condition = Condition::kNoData;
  empty.groups = {api::test::EmptyGroup()};
  empty.groups[0].labels = {{"job", kHostile}, {"z", "</code></article><h1>z</h1>"}};
  empty.groups[0].message = kHostile;
  world_.slos = {fine, empty, firing};
  world_.owed = {api::test::Owed()};
  world_.owed[0].last_error = kHostile;
  world_.delivered = {api::test::Delivered()};

  const std::string dom = Dom();
  ExpectShown(dom, "<title>(1 firing) Nines</title>");
  ExpectShown(dom, "1.2.3-test");
  ExpectShown(dom, "<span id=\"link-text\">live</span>");
  ExpectShown(dom, "</svg>Firing</span>");
  ExpectShown(dom, "</svg>OK</span>");
  ExpectShown(dom, "</svg>No data</span>");
  ExpectShown(dom, "<p class=\"ratio below\">98.99&nbsp;%</p>");
  ExpectShown(dom, "<p class=\"ratio\">100&nbsp;%</p>");
  ExpectShown(dom, "<p class=\"ratio none\">–</p>");
  ExpectShown(dom, "99&nbsp;% under 500&nbsp;ms, over 5&nbsp;m; promised to checkout");
  ExpectShown(dom, "−25&nbsp;% left");
  ExpectShown(dom, "overspent by 250: 1,250 of 1,000 allowed failures used");
  ExpectShown(dom, "42.1&nbsp;% left");
  ExpectShown(dom, "aria-valuenow=\"42\"");
  ExpectShown(dom, "<dt>5&nbsp;m</dt><dd>18&nbsp;×</dd>");
  ExpectShown(dom, "for 2&nbsp;min");
  ExpectShown(dom, "820 good of 1,000 in 5&nbsp;m");
  ExpectShown(dom, "Model service latency is too high");
  ExpectShown(dom, "</svg>Owed</span>");
  ExpectShown(dom, "3 attempts, next at ");
  ExpectShown(dom, "</svg>Delivered</span>");
  EXPECT_LT(dom.find("predict-latency"), dom.find("search-latency")) << "the worst comes first";

  // The hostile texts are there as text, and only as text.
  ExpectShown(dom, "&lt;img src=x onerror=");
  for (const char* markup : {"<img", "<script>alert", "<h1>z", "owned</title>"}) {
    EXPECT_EQ(dom.find(markup), dom.npos) << markup;
  }
}

TEST_F(PageTest, WithoutAnySloSaysHowToAddOne) {
  const std::string dom = Dom();
  ExpectShown(dom, "No objective yet");
  ExpectShown(
      dom, "- url: <span class=\"origin\">http://" + server_->address() + "</span>/api/v1/write");
  ExpectShown(dom, "Nothing was sent yet, and nothing is owed.");
  EXPECT_EQ(dom.find("id=\"empty\" class=\"card empty\" aria-labelledby=\"empty-title\" hidden"),
            dom.npos);
}

TEST_F(PageTest, AnOldEvaluationIsCalledStale) {
  world_.slos = {Slo("predict-latency")};
  world_.slos[0].groups = {api::test::FiringGroup()};
  world_.slos[0].evaluated_at = Ago(120);
  const std::string dom = Dom();
  ExpectShown(dom, "<span id=\"link-text\">stale</span>");
  ExpectShown(dom, "stale: last evaluated 2&nbsp;min ago");
}

// A ratio that meets the objective but is not of all inputs is not a plain OK; and what could not
// be evaluated says so beside figures that look fine.
TEST_F(PageTest, WhatIsIncompleteSaysSo) {
  world_.slos = {Slo("predict-latency")};
  world_.slos[0].message = "not evaluated at noon: the store did not answer";
  world_.slos[0].groups = {api::test::FiringGroup()};
  evaluator::GroupStatus& group = world_.slos[0].groups[0];
  group.state = State::kInactive;
  group.condition = Condition::kIncomplete;
  group.message = "1 of 2 inputs is late";
  group.ratio = 0.995;
  group.complete = false;
  group.data_through = Ago(40);
  const std::string dom = Dom();
  ExpectShown(dom, "</svg>OK, incomplete</span>");
  ExpectShown(dom, "1 of 2 inputs is late");
  ExpectShown(dom, " old · inputs incomplete");
  ExpectShown(dom, "not evaluated at noon: the store did not answer");
}

// One good answer, and from then on none.
TEST_F(PageTest, ALostConnectionKeepsTheLastState) {
  world_.slos = {Slo("predict-latency")};
  world_.slos[0].groups = {api::test::FiringGroup()};
  server_.reset();
  std::atomic<int> reads{0};
  auto server = net::HttpServer::Start({.listen_address = "127.0.0.1:0"},
                                       [&](const net::HttpRequest& request) {
                                         if (request.path == "/api/v1/slos" && ++reads > 1) {
                                           return net::HttpResponse::Text(502, "gone");
                                         }
                                         return api_->Handle(request);
                                       });
  ASSERT_TRUE(server.has_value()) << server.error().message;
  server_ = std::move(*server);
  const std::string dom = Dom();
  ExpectShown(dom, "<span id=\"link-text\">connection lost</span>");
  ExpectShown(dom, "Connection lost (status 502). This is how things stood at ");
  ExpectShown(dom, "predict-latency");
  server_.reset();  // Before `reads`.
}

}  // namespace
}  // namespace nines
