#include "notifier/webhook_message.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/temp_dir.h"

namespace nines::notifier {
namespace {

Time Parse(const char* text) { return *ParseTime(text); }

Alert Make(Labels labels, Labels annotations, const char* starts) {
  Alert alert;
  alert.labels = std::move(labels);
  alert.annotations = std::move(annotations);
  alert.starts_at = Parse(starts);
  return alert;
}

TEST(RenderWebhook, ExactBytes) {
  WebhookMessage message;
  message.receiver = "checkout";
  message.reason = "first notification";
  message.group_key = "{}/{slo=\"p\"}:{slo=\"p\"}";
  message.group_labels = Labels{{"slo", "p"}};
  message.external_url = "http://nines.example:9099";
  message.alerts = {Make(Labels{{"alertname", "TestAlert"}}, Labels{{"summary", "a<b"}},
                         "2025-11-28T18:42:19.000Z")};
  const RenderedWebhook rendered = RenderWebhook(message);
  EXPECT_EQ(rendered.status, "firing");
  EXPECT_EQ(rendered.alerts, 1u);
  EXPECT_EQ(rendered.body,
            R"({"receiver":"checkout","status":"firing","alerts":[{"status":"firing",)"
            R"("labels":{"alertname":"TestAlert"},"annotations":{"summary":"a\u003cb"},)"
            R"("startsAt":"2025-11-28T18:42:19Z","endsAt":"0001-01-01T00:00:00Z",)"
            R"("generatorURL":"","fingerprint":"dab43189276e5f48"}],)"
            R"("notification_reason":"first notification","groupLabels":{"slo":"p"},)"
            R"("commonLabels":{"alertname":"TestAlert"},"commonAnnotations":)"
            R"({"summary":"a\u003cb"},"routeLabels":{},)"
            R"("externalURL":"http://nines.example:9099","version":"4",)"
            R"("groupKey":"{}/{slo=\"p\"}:{slo=\"p\"}","truncatedAlerts":0})"
            "\n");
}

// The file is what Alertmanager 0.25 sent for these four alerts (max_alerts: 3).  It had neither
// notification_reason (0.32) nor routeLabels (0.34).
TEST(RenderWebhook, AsAlertmanagerSentIt) {
  const std::string summary = "p99 > 500ms & \"slow\"";
  const Labels common{{"alertname", "LatencyHigh"}, {"slo", "predict-latency"}};
  const auto labels = [&common](std::vector<Label> more) {
    more.insert(more.end(), common.begin(), common.end());
    return Labels(std::move(more));
  };
  WebhookMessage message;
  message.receiver = "check.out-1";
  message.reason = "first notification";
  message.group_labels = Labels{{"slo", "predict-latency"}};
  message.group_key = GroupKey("{}/{slo=\"predict-latency\"}", message.group_labels);
  message.external_url = "http://nines.example:9099";
  message.max_alerts = 3;
  message.alerts = {
      Make(labels({{"job", "b"}, {"instance", "i1"}}), {{"summary", summary}, {"runbook", "x"}},
           "2025-11-28T18:42:19.120Z"),
      Make(labels({{"job", "a"}, {"instance", "i2"}}), {{"summary", summary}, {"runbook", "y"}},
           "2025-11-28T18:42:19Z"),
      Make(labels({{"job", "a"}, {"instance", "i1"}, {"zone", "é\xE2\x80\xA8\ttab"}}),
           {{"summary", summary}}, "2025-11-28T18:42:20.001Z"),
      Make({{"alertname", "NoJob"}, {"slo", "predict-latency"}}, {{"summary", summary}},
           "2025-11-28T18:42:20.001Z"),
  };
  message.alerts[0].generator_url = "http://nines.example/slo?name=a&b=<c>";
  message.alerts[2].ends_at = Parse("2025-11-28T18:50:00Z");
  std::stable_sort(message.alerts.begin(), message.alerts.end(), ComesBefore);

  std::string body = RenderWebhook(message).body;
  for (std::string newer :
       {R"("notification_reason":"first notification",)", R"("routeLabels":{},)"}) {
    const size_t at = body.find(newer);
    ASSERT_NE(at, std::string::npos) << newer;
    body.erase(at, newer.size());
  }
  EXPECT_EQ(body,
            test::ReadFile(SOURCE_ROOT "/tests/notifier/testdata/alertmanager_0.25_webhook.json"));
}

TEST(RenderWebhook, TruncatesBeforeStatusAndCommonLabels) {
  WebhookMessage message;
  message.alerts = {Make({{"a", "1"}, {"x", "1"}}, {}, "2025-11-28T18:42:19Z"),
                    Make({{"a", "1"}, {"x", "2"}}, {}, "2025-11-28T18:42:19Z")};
  message.alerts[0].ends_at = Parse("2025-11-28T18:50:00Z");
  for (uint32_t max_alerts : {0u, 2u, 1u}) {
    message.max_alerts = max_alerts;
    const RenderedWebhook rendered = RenderWebhook(message);
    const bool cut = max_alerts == 1;
    EXPECT_EQ(rendered.alerts, cut ? 1u : 2u) << max_alerts;
    EXPECT_EQ(rendered.status, cut ? "resolved" : "firing") << max_alerts;
    const std::string common =
        cut ? R"("commonLabels":{"a":"1","x":"1"})" : R"("commonLabels":{"a":"1"},)";
    EXPECT_NE(rendered.body.find(common), std::string::npos) << rendered.body;
    const std::string truncated = cut ? R"("truncatedAlerts":1})" : R"("truncatedAlerts":0})";
    EXPECT_NE(rendered.body.find(truncated), std::string::npos) << rendered.body;
  }
}

TEST(QuoteRegexp, AsGo) {
  EXPECT_EQ(QuoteRegexp("a.b-c_d e"), R"(a\.b-c_d e)");
  EXPECT_EQ(QuoteRegexp(R"(\.+*?()|[]{}^$)"), R"(\\\.\+\*\?\(\)\|\[\]\{\}\^\$)");
}

}  // namespace
}  // namespace nines::notifier
