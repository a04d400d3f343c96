#include "evaluator/slo/spec.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "base/number.h"

namespace nines::evaluator {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr char kSmall[] = R"(name: predict
service: recommender
objective: 99
window: 30d
indicator:
  latency:
    histogram: model_request_latency_seconds
    threshold: 500ms
)";

Result<Slo> Parse(const std::string& text) {
  const auto node = yaml::Node::Parse(text, "f.yml");
  if (!node) return node.error();
  return ParseSlo(*node);
}

// kSmall with `from` replaced by `to`; an empty `from` appends.
std::string Edit(const std::string& from, const std::string& to) {
  std::string text = kSmall;
  if (from.empty()) return text + to;
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string ErrorOf(const std::string& text) {
  const auto slo = Parse(text);
  if (slo) {
    ADD_FAILURE() << "was accepted:\n" << text;
    return "";
  }
  EXPECT_EQ(slo.error().code, Code::kInvalid) << text;
  return slo.error().message;
}

TEST(Spec, TheSmallestHasDefaults) {
  const auto slo = Parse(kSmall);
  ASSERT_TRUE(slo) << slo.error().message;
  EXPECT_EQ(slo->name, "predict");
  EXPECT_EQ(slo->service, "recommender");
  EXPECT_EQ(FormatFloat(slo->objective), "0.99");
  EXPECT_EQ(slo->window, hours{24 * 30});
  EXPECT_EQ(slo->latency.histogram, "model_request_latency_seconds");
  EXPECT_EQ(slo->latency.bound, 0.5);
  EXPECT_TRUE(slo->latency.matchers.empty());
  EXPECT_TRUE(slo->latency.group_by.empty());
  EXPECT_FALSE(slo->alert);
  EXPECT_TRUE(slo->burn_rates.empty());
  EXPECT_TRUE(slo->consumers.empty());
  EXPECT_EQ(slo->place, "f.yml:1");
}

TEST(Spec, TheWholeForm) {
  const auto slo = Parse(R"(
name: predict-latency
service: recommender
objective: 99
window: 30d
counting: promql
indicator:
  latency:
    histogram: model_request_latency_seconds
    selector: 'route="/predict", job=~"a|b"'
    threshold: 0.5
    group_by: [job, zone]
alert:
  name: ModelSlow
  window: 10m
  for: 10m
  keep_firing_for: 5m
  clear_above: 99.2
  on_no_data: bad
  labels: {severity: warning}
  annotations: {summary: Model service latency is too high}
burn_rate_alerts:
  - {long: 1h, short: 5m, factor: 14.4, severity: page}
consumers: [checkout]
)");
  ASSERT_TRUE(slo) << slo.error().message;
  ASSERT_EQ(slo->latency.matchers.size(), 2u);
  EXPECT_EQ(slo->latency.matchers[1].ToString(), "job=~\"a|b\"");
  EXPECT_EQ(slo->latency.group_by, (std::vector<std::string>{"job", "zone"}));
  ASSERT_TRUE(slo->alert);
  EXPECT_EQ(slo->alert->name, "ModelSlow");
  EXPECT_EQ(slo->alert->window, minutes{10});
  EXPECT_EQ(slo->alert->hold, minutes{10});
  EXPECT_EQ(slo->alert->keep, minutes{5});
  EXPECT_EQ(FormatFloat(slo->alert->clear_above), "0.992");
  EXPECT_EQ(slo->alert->on_no_data, OnNoData::kBad);
  EXPECT_EQ(slo->alert->labels, (Labels{{"severity", "warning"}}));
  EXPECT_EQ(slo->alert->annotations.Get("summary"), "Model service latency is too high");
  const std::vector<BurnRateRow> rows = {{hours{1}, minutes{5}, 14.4, "page"}};
  EXPECT_EQ(slo->burn_rates, rows);
  EXPECT_EQ(slo->consumers, std::vector<std::string>{"checkout"});
}

TEST(Spec, AnAlertWithNothingInItHasDefaults) {
  const auto slo = Parse(Edit("", "alert: {}\n"));
  ASSERT_TRUE(slo) << slo.error().message;
  ASSERT_TRUE(slo->alert);
  EXPECT_EQ(slo->alert->name, "predict");
  EXPECT_EQ(slo->alert->window, minutes{5});
  EXPECT_EQ(slo->alert->hold, Duration{0});
  EXPECT_EQ(slo->alert->clear_above, slo->objective);
  EXPECT_EQ(slo->alert->on_no_data, OnNoData::kHold);
}

TEST(Spec, TheObjectiveIsTheNearestRatio) {
  const std::pair<const char*, double> cases[] = {
      {"99", 0.99},      {"99.9", 0.999}, {"99.95", 0.9995}, {"99.99", 0.9999}, {"0.999", 0.999},
      {"9.99e1", 0.999}, {"1.5", 0.015},  {"0.5", 0.5},      {"50", 0.5},
  };
  for (const auto& [text, want] : cases) {
    const auto slo = Parse(Edit("objective: 99", std::string("objective: ") + text));
    ASSERT_TRUE(slo) << text << ": " << slo.error().message;
    EXPECT_EQ(FormatFloat(slo->objective), FormatFloat(want)) << text;
  }
}

TEST(Spec, TheThresholdIsADurationOrANumber) {
  const std::pair<const char*, double> cases[] = {
      {"500ms", 0.5}, {"50ms", 0.05}, {"1s", 1},     {"1m30s", 90},
      {"0.5", 0.5},   {"500", 500},   {"5e-1", 0.5}, {"\"0.50\"", 0.5},
  };
  for (const auto& [text, want] : cases) {
    const auto slo = Parse(Edit("threshold: 500ms", std::string("threshold: ") + text));
    ASSERT_TRUE(slo) << text << ": " << slo.error().message;
    EXPECT_EQ(slo->latency.bound, want) << text;
  }
}

TEST(Spec, GoogleIsTheWorkbooksTable) {
  const auto slo = Parse(Edit("", "burn_rate_alerts: google\n"));
  ASSERT_TRUE(slo) << slo.error().message;
  EXPECT_EQ(slo->burn_rates, GoogleRows(hours{24 * 30}));
}

TEST(Spec, ErrorsNameThePlaceAndTheReason) {
  struct Case {
    const char* from;
    const char* to;
    const char* want;
  };
  const Case cases[] = {
      {"name: predict\n", "", "f.yml:1: missing key \"name\""},
      {"name: predict", "name: a/b",
       "f.yml:1: name: only letters, digits, \"_\", \"-\" and \".\" make a name"},
      {"name: predict", "name: ''", "f.yml:1: name: must not be empty"},
      {"service: recommender", "service: ''", "f.yml:2: service: must not be empty"},
      {"service:", "servce:", "f.yml:2: unknown key \"servce\" (did you mean \"service\"?)"},
      {"objective: 99", "objective: 100",
       "f.yml:3: objective: an objective of all events leaves no error budget; write a percentage "
       "below 100 or a ratio below 1"},
      {"objective: 99", "objective: 1",
       "f.yml:3: objective: an objective of all events leaves no error budget; write a percentage "
       "below 100 or a ratio below 1"},
      {"objective: 99", "objective: 0",
       "f.yml:3: objective: must be a percentage above 1 and at most 100, or a ratio above 0"},
      {"objective: 99", "objective: 100.1",
       "f.yml:3: objective: must be a percentage above 1 and at most 100, or a ratio above 0"},
      {"objective: 99", "objective: .nan", nullptr},
      {"objective: 99", "objective: high", nullptr},
      {"window: 30d", "window: 0s", "f.yml:4: window: must be longer than 0"},
      {"window: 30d", "window: a month", nullptr},
      {"window: 30d", "window: 30d\ncalendar: month",
       "f.yml:5: calendar: \"calendar\" is not available in this version"},
      {"window: 30d", "window: 30d\ncounting: events",
       "f.yml:5: counting: \"events\" is not available in this version; write promql"},
      {"window: 30d", "window: 30d\ncounting: exact", "f.yml:5: counting: must be promql"},
      {"  latency:", "  ratio: {}\n  latency:",
       "f.yml:6: indicator.ratio: \"ratio\" is not available in this version"},
      {"histogram: model_request_latency_seconds", "histogram: x_seconds_bucket",
       "f.yml:7: indicator.latency.histogram: write the name of the histogram without "
       "\"_bucket\": x_seconds"},
      {"histogram: model_request_latency_seconds", "histogram: 'x{a=\"b\"}'",
       "f.yml:7: indicator.latency.histogram: a name only; matchers go into \"selector\""},
      {"threshold: 500ms", "threshold: 500us",
       "f.yml:8: indicator.latency.threshold: neither a duration such as 500ms (the metric is in "
       "seconds then) nor a number in the metric's own unit"},
      {"threshold: 500ms", "threshold: 0",
       "f.yml:8: indicator.latency.threshold: must be above 0 and finite"},
      {"threshold: 500ms", "threshold: +Inf",
       "f.yml:8: indicator.latency.threshold: must be above 0 and finite"},
      {"threshold: 500ms", "threshold: NaN",
       "f.yml:8: indicator.latency.threshold: must be above 0 and finite"},
      {"threshold: 500ms", "threshold: 500ms\n    bracket: lower",
       "f.yml:9: indicator.latency.bracket: \"bracket\" is not available in this version"},
      {"threshold: 500ms", "threshold: 500ms\n    selector: 'le=\"0.5\"'",
       "f.yml:9: indicator.latency.selector: the bucket is chosen by \"threshold\", not by a "
       "matcher of \"le\""},
      {"threshold: 500ms", "threshold: 500ms\n    selector: '__name__=\"x\"'",
       "f.yml:9: indicator.latency.selector: the metric is chosen by \"histogram\""},
      {"threshold: 500ms", "threshold: 500ms\n    selector: 'job='", nullptr},
      {"threshold: 500ms", "threshold: 500ms\n    group_by: [job, job]",
       "f.yml:9: indicator.latency.group_by: \"job\" stands here twice"},
      {"threshold: 500ms", "threshold: 500ms\n    group_by: [le]",
       "f.yml:9: indicator.latency.group_by: \"le\" cannot be grouped by"},
      {"", "alert: {clear_above: 98}\n",
       "f.yml:9: alert.clear_above: must not be below the objective"},
      {"", "alert: {for: -1m}\n", nullptr},
      {"", "alert: {on_no_data: alert}\n",
       "f.yml:9: alert.on_no_data: \"alert\" is not available in this version"},
      {"", "alert: {on_no_data: page}\n", "f.yml:9: alert.on_no_data: must be hold, ok or bad"},
      {"", "alert: {labels: {slo: x}}\n",
       "f.yml:9: alert.labels: \"slo\" is set by the SLO itself"},
      {"", "alert: {labels: {long_window: 1h}}\n",
       "f.yml:9: alert.labels: \"long_window\" is set by burn_rate_alerts"},
      {"threshold: 500ms\n", "threshold: 500ms\n    group_by: [job]\nalert: {labels: {job: x}}\n",
       "f.yml:10: alert.labels: \"job\" is in group_by too: one value would make all groups one "
       "alert"},
      {"", "burn_rate_alerts: googel\n",
       "f.yml:9: burn_rate_alerts: must be google, or a list of {long, short, factor, severity}"},
      {"", "burn_rate_alerts: {long: 1h}\n",
       "f.yml:9: burn_rate_alerts: must be google, or a list of {long, short, factor, severity}"},
      {"", "burn_rate_alerts: [{long: 1h, short: 1h, factor: 2, severity: page}]\n",
       "f.yml:9: burn_rate_alerts[0]: \"short\" must be below \"long\""},
      {"", "burn_rate_alerts: [{long: 1h, short: 5m, factor: 100, severity: page}]\n",
       "f.yml:9: burn_rate_alerts[0]: the factor 100 of 1h/5m can never be exceeded: with every "
       "event bad the burn is 1 / (1 - 0.99)"},
      {"", "burn_rate_alerts: [{long: 1h, short: 5m, factor: 0, severity: page}]\n",
       "f.yml:9: burn_rate_alerts[0].factor: must be above 0"},
      {"",
       "burn_rate_alerts:\n  - {long: 1h, short: 5m, factor: 2, severity: page}\n"
       "  - {long: 60m, short: 5m, factor: 3, severity: page}\n",
       "f.yml:11: burn_rate_alerts[1]: 1h/5m with severity \"page\" stands here twice"},
      {"", "consumers: [a, a]\n", "f.yml:9: consumers: \"a\" stands here twice"},
  };
  for (const Case& c : cases) {
    const std::string text = Edit(c.from, c.to);
    const std::string message = ErrorOf(text);
    if (c.want != nullptr) {
      EXPECT_EQ(message, c.want) << text;
    } else {
      EXPECT_EQ(message.find("f.yml:"), 0u) << message << "\n" << text;
    }
  }
}

TEST(Spec, GoogleNeedsAWindowAndAnObjectiveThatLetItFire) {
  EXPECT_EQ(
      ErrorOf(Edit("window: 30d", "window: 2d") + "burn_rate_alerts: google\n"),
      "f.yml:9: burn_rate_alerts: google needs a window of at least 3d; list rows of your own");
  EXPECT_EQ(ErrorOf(Edit("objective: 99", "objective: 90") + "burn_rate_alerts: google\n"),
            "f.yml:9: burn_rate_alerts: the factor 14.4 of 1h/5m can never be exceeded: with every "
            "event bad the burn is 1 / (1 - 0.9)");
}

TEST(Spec, LimitsHoldAtTheLimit) {
  EXPECT_TRUE(Parse(Edit("predict", std::string(kSloNameMax, 'a'))));
  EXPECT_EQ(ErrorOf(Edit("predict", std::string(kSloNameMax + 1, 'a'))),
            "f.yml:1: name: longer than 128 characters");
  const auto group_by = [](size_t n) {
    std::string text = "threshold: 500ms\n    group_by: [l0";
    for (size_t i = 1; i < n; ++i) text += ", l" + std::to_string(i);
    return Edit("threshold: 500ms", text + "]");
  };
  EXPECT_TRUE(Parse(group_by(kGroupByMax)));
  EXPECT_EQ(ErrorOf(group_by(kGroupByMax + 1)),
            "f.yml:9: indicator.latency.group_by: more than 16 labels");
  const auto rows = [](size_t n) {
    std::string text = "burn_rate_alerts:\n";
    for (size_t i = 0; i < n; ++i) {
      text += "  - {long: " + std::to_string(i + 2) + "h, short: 1h, factor: 2, severity: page}\n";
    }
    return Edit("", text);
  };
  EXPECT_TRUE(Parse(rows(kBurnRatesMax)));
  EXPECT_EQ(ErrorOf(rows(kBurnRatesMax + 1)), "f.yml:9: burn_rate_alerts: more than 16 rows");
}

TEST(Spec, BurnRateAlertsCannotBeGroupedByTheirOwnLabels) {
  EXPECT_EQ(ErrorOf(Edit("threshold: 500ms", "threshold: 500ms\n    group_by: [severity]") +
                    "burn_rate_alerts: google\n"),
            "f.yml:10: burn_rate_alerts: they set the label \"severity\", which is in group_by");
}

TEST(Spec, NamesAreUniqueOverAllFiles) {
  Slo a = *Parse(kSmall);
  Slo b = a;
  b.place = "g.yml:7";
  const auto both = CheckUnique({a, b});
  ASSERT_FALSE(both);
  EXPECT_EQ(both.error().message, "g.yml:7: the SLO \"predict\" is already defined at f.yml:1");
  b.name = "other";
  const auto fine = CheckUnique({a, b});
  ASSERT_TRUE(fine);
  EXPECT_EQ(fine->size(), 2u);
}

}  // namespace
}  // namespace nines::evaluator
