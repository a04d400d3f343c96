// Relabelling, HA pairs and the limit of new series, from the body to the store.

#include "ingest/rules.h"

#include <gtest/gtest.h>

#include "tests/ingest/handler_fixture.h"
#include "tests/ingest/request_v2.h"
#include "tests/ingest/wire_writer.h"

namespace nines::ingest {
namespace {

using namespace std::chrono_literals;

std::string Series(const Pairs& labels, const Samples& samples) {
  WireWriter writer;
  for (const auto& [name, value] : labels) writer.Bytes(1, LabelMessage(name, value));
  for (const auto& [time_ms, value] : samples) writer.Bytes(2, SampleMessage(time_ms, value));
  return WireWriter().Bytes(1, writer.str()).str();
}

Relabel RelabelOf(const std::string& text) {
  const auto node = yaml::Node::Parse(text, "nines.yml");
  EXPECT_TRUE(node);
  auto relabel = Relabel::Parse(*node);
  EXPECT_TRUE(relabel) << relabel.error().message;
  return *relabel;
}

class RulesTest : public HandlerFixture {
 protected:
  WriteResponse WriteAt(const std::string& message, Time now) {
    return handler_->Handle({.body = Block(message)}, now);
  }
  double Counter(const std::string& name) { return Counters()[name]; }
};

TEST_F(RulesTest, RelabelledSeriesAreStoredUnderTheirNewLabels) {
  handler_->SetRules(
      {.relabel = RelabelOf("[{regex: pod, action: labeldrop},"
                            " {source_labels: [__name__], regex: 'go_.*', action: drop},"
                            " {target_label: zone, replacement: eu}]")});
  for (int round = 0; round < 3; ++round) {  // The second and third time by alias.
    const int64_t at = kNowMs + round;
    const auto response = Write(Series({{"__name__", "x"}, {"pod", "p1"}}, {{at, 1}}) +
                                Series({{"__name__", "go_threads"}}, {{at, 2}, {at + 1, 3}}) +
                                Series({{"__name__", "y"}, {"zone", "us"}}, {{at, 4}}));
    Expect(response, 204, "");
    EXPECT_EQ(response.samples_written, 4u) << "dropped ones are answered as written";
  }
  EXPECT_EQ(Stored("x"),
            (std::map<std::string, Samples>{
                {R"(x{zone="eu"})", {{kNowMs, 1}, {kNowMs + 1, 1}, {kNowMs + 2, 1}}}}));
  EXPECT_EQ(Stored("y").begin()->first, R"(y{zone="eu"})");
  EXPECT_TRUE(Stored("go_threads").empty());
  EXPECT_EQ(Counter("nines_ingest_samples_dropped_total{relabel}"), 6);
  EXPECT_EQ(Counter("nines_ingest_samples_total"), 6);
}

TEST_F(RulesTest, RemoteWrite2IsRelabelledToo) {
  handler_->SetRules({.relabel = RelabelOf("[{source_labels: [a], regex: '1', action: drop}]")});
  const std::string message = RequestV2()
                                  .Series({{"__name__", "x"}, {"a", "1"}}, {{kNowMs, 1}})
                                  .Series({{"__name__", "x"}, {"a", "2"}}, {{kNowMs, 1}})
                                  .SymbolsFirst();
  for (int round = 0; round < 2; ++round) {
    const auto response = WriteV2(message);
    EXPECT_EQ(response.status, 204) << response.message;
    EXPECT_EQ(response.samples_written, 2u);
  }
  EXPECT_EQ(Stored("x").size(), 1u);
  EXPECT_EQ(Counter("nines_ingest_samples_dropped_total{relabel}"), 2);
}

// What was seen under other rules is looked at anew, the dropped and the renamed.
TEST_F(RulesTest, OtherRulesApplyToSeriesThatWereSeen) {
  const auto send = [&](int64_t at) {
    Expect(Write(Series({{"__name__", "x"}, {"a", "1"}}, {{at, 1}}) +
                 Series({{"__name__", "y"}}, {{at, 1}})),
           204, "");
  };
  send(kNowMs);
  handler_->SetRules(
      {.relabel = RelabelOf("[{regex: a, action: labeldrop},"
                            " {source_labels: [__name__], regex: y, action: drop}]")});
  send(kNowMs + 1);
  handler_->SetRules({});
  send(kNowMs + 2);
  EXPECT_EQ(Stored("x"),
            (std::map<std::string, Samples>{{R"(x{a="1"})", {{kNowMs, 1}, {kNowMs + 2, 1}}},
                                            {"x", {{kNowMs + 1, 1}}}}));
  EXPECT_EQ(Stored("y"), (std::map<std::string, Samples>{{"y", {{kNowMs, 1}, {kNowMs + 2, 1}}}}));
}

TEST_F(RulesTest, WhatRulesBreakIsRefusedInWords) {
  handler_->SetRules(
      {.relabel = RelabelOf("[{source_labels: [a], regex: '1', target_label: __name__,"
                            " replacement: ''}]")});
  Expect(Write(Series({{"__name__", "x"}, {"a", "1"}}, {{kNowMs, 1}}) +
               Series({{"__name__", "x"}, {"a", "2"}}, {{kNowMs, 1}})),
         400,
         "1 of 2 samples were stored; invalid labels after relabelling: 1 (no metric name in "
         "x{a=\"1\"} at 2026-11-28T18:42:19.000Z)");
  Open({}, {.labels_max = 2});
  handler_->SetRules({.relabel = RelabelOf("[{target_label: b, replacement: c}]")});
  Expect(Write(Series({{"__name__", "x"}}, {{kNowMs, 1}})), 204, "");
  Expect(Write(Series({{"__name__", "x"}, {"a", "1"}}, {{kNowMs, 1}})), 400,
         "0 of 1 samples were stored; labels of a series above 2 (labels_max): 1 (x{a=\"1\"} at "
         "2026-11-28T18:42:19.000Z)");
}

Pairs Replica(const std::string& metric, const std::string& cluster, const std::string& replica) {
  return {{"__name__", metric}, {"__replica__", replica}, {"cluster", cluster}};
}

TEST_F(RulesTest, OneReplicaIsKept) {
  handler_->SetRules({.ha = HaOptions{}});
  // The decision is each series' own; what has not both labels passes.
  const auto first = Write(Series(Replica("x", "eu", "a"), {{kNowMs, 1}}) +
                           Series(Replica("x", "eu", "b"), {{kNowMs, 2}, {kNowMs + 1, 2}}) +
                           Series(Replica("x", "us", "b"), {{kNowMs, 3}}) +
                           Series({{"__name__", "y"}, {"__replica__", "b"}}, {{kNowMs, 4}}) +
                           Series({{"__name__", "z"}, {"cluster", "eu"}}, {{kNowMs, 5}}));
  Expect(first, 204, "");
  EXPECT_EQ(first.samples_written, 6u);
  EXPECT_EQ(Stored("x"), (std::map<std::string, Samples>{{R"(x{cluster="eu"})", {{kNowMs, 1}}},
                                                         {R"(x{cluster="us"})", {{kNowMs, 3}}}}));
  EXPECT_EQ(Stored("y").begin()->first, R"(y{__replica__="b"})");
  EXPECT_EQ(Stored("z").begin()->first, R"(z{cluster="eu"})");
  EXPECT_EQ(Counter("nines_ingest_samples_dropped_total{ha}"), 2);
  EXPECT_EQ(Counter("nines_ingest_ha_elections_total"), 2);

  const std::string b = Series(Replica("x", "eu", "b"), {{kNowMs + 2, 6}});
  Expect(WriteAt(b, kNow + 29s), 204, "");
  EXPECT_EQ(Stored("x")[R"(x{cluster="eu"})"].size(), 1u);
  Expect(WriteAt(b, kNow + 30s), 204, "");
  EXPECT_EQ(Stored("x")[R"(x{cluster="eu"})"], (Samples{{kNowMs, 1}, {kNowMs + 2, 6}}));
  const auto clusters = handler_->ha_clusters();
  ASSERT_EQ(clusters.size(), 2u);
  EXPECT_EQ(clusters[0], (HaCluster{"eu", "b", kNow + 30s, kNow + 30s}));
}

TEST_F(RulesTest, ReplicasOfRemoteWrite2AndOtherLabelsAndRelabelling) {
  handler_->SetRules({.ha = HaOptions{.cluster_label = "c", .replica_label = "r"},
                      .relabel = RelabelOf("[{source_labels: [r], regex: '.+', action: drop}]")});
  const std::string message =
      RequestV2()
          .Series({{"r", "1"}, {"c", "eu"}, {"__name__", "x"}}, {{kNowMs, 1}})
          .Series({{"r", "2"}, {"c", "eu"}, {"__name__", "x"}}, {{kNowMs, 2}})
          .SymbolsLast();
  for (int round = 0; round < 2; ++round) EXPECT_EQ(WriteV2(message).status, 204);
  EXPECT_EQ(Stored("x"), (std::map<std::string, Samples>{{R"(x{c="eu"})", {{kNowMs, 1}}}}));
}

TEST_F(RulesTest, ClustersBeyondTheLimitAreRefused) {
  handler_->SetRules({.ha = HaOptions{.clusters_max = 1}});
  Expect(Write(Series(Replica("x", "eu", "a"), {{kNowMs, 1}}) +
               Series(Replica("x", "us", "a"), {{kNowMs, 1}})),
         400,
         "1 of 2 samples were stored; clusters of HA pairs above 1 (ha.clusters_max): 1 "
         "(x{__replica__=\"a\", cluster=\"us\"} at 2026-11-28T18:42:19.000Z)");
  EXPECT_EQ(Counter("nines_ingest_samples_refused_total{ha_clusters_max}"), 1);
}

// The second handler is what a restart has: the store's records.
TEST_F(RulesTest, TheElectionIsDurable) {
  handler_->SetRules({.ha = HaOptions{}});
  Expect(Write(Series(Replica("x", "eu", "a"), {{kNowMs, 1}})), 204, "");
  WriteHandler again(store_.get(), {}, nullptr);
  ASSERT_TRUE(again.LoadElections(kNow + 60s));
  again.SetRules({.ha = HaOptions{}});
  const std::string b = Block(Series(Replica("x", "eu", "b"), {{kNowMs + 1, 1}}));
  EXPECT_EQ(again.Handle({.body = b}, kNow + 89s).status, 204);
  EXPECT_EQ(again.ha_clusters()[0].replica, "a");
  EXPECT_EQ(again.Handle({.body = b}, kNow + 90s).status, 204);
  EXPECT_EQ(again.ha_clusters()[0].replica, "b");
}

// At the limit and one above; known series go on, and a second later there is room again.
TEST_F(RulesTest, NewSeriesPerSecond) {
  Open({}, {.new_series_per_second_max = 2});
  const auto series = [](const std::string& name) {
    return Series({{"__name__", name}}, {{kNowMs, 1}});
  };
  Expect(Write(series("a") + series("b")), 204, "");
  const auto response = Write(series("a") + series("c"));
  EXPECT_EQ(response.status, 429);
  EXPECT_TRUE(response.retry_after);
  EXPECT_EQ(response.message,
            "1 of 2 samples were stored; new series a second above 2 (new_series_per_second): 1 "
            "(c at 2026-11-28T18:42:19.000Z)");
  EXPECT_EQ(Counter("nines_ingest_samples_refused_total{new_series_per_second}"), 1);
  EXPECT_EQ(Counter("nines_ingest_requests_total{429}"), 1);
  // In another form, and after a restart of the aliases, it is the same series.
  Expect(Write(Series({{"__name__", "a"}, {"z", ""}}, {{kNowMs, 1}})), 204, "");
  store_->ForgetAliases();
  Expect(Write(series("a") + series("b")), 204, "");
  EXPECT_EQ(WriteAt(series("c"), kNow + 499ms).status, 429);
  Expect(WriteAt(series("c"), kNow + 500ms), 204, "");
  EXPECT_EQ(WriteAt(series("d") + series("e") + series("f"), kNow + 60s).status, 429);
  EXPECT_EQ(store_->stats().series, 5u);
  handler_->SetLimits({});
  Expect(WriteAt(series("f") + series("g") + series("h"), kNow + 60s), 204, "");
}

}  // namespace
}  // namespace nines::ingest
