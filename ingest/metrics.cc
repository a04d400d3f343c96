#include "ingest/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <array>
#include <string>
#include <string_view>

#include "base/check.h"

namespace nines::ingest {
namespace {

constexpr std::array<int, 6> kStatuses = {204, 400, 413, 415, 429, 503};

constexpr std::array<std::string_view, kRequestRefusals> kRequestReasons = {
    "content_type",      "content_encoding", "body_bytes_max", "empty_body",  "snappy",
    "decoded_bytes_max", "protobuf",         "samples_max",    "symbols_max", "unavailable"};

using CounterFamily = prometheus::Family<prometheus::Counter>;

CounterFamily& MakeFamily(const char* name, const char* help, prometheus::Registry* registry) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(*registry);
}

prometheus::Counter* Add(CounterFamily& family, const char* label, std::string_view value) {
  return &family.Add({{label, std::string(value)}});
}

}  // namespace

struct Metrics::Counters {
  std::array<prometheus::Counter*, kStatuses.size()> requests;
  std::array<prometheus::Counter*, kRequestRefusals> requests_refused;
  std::array<prometheus::Counter*, kSampleRefusals> samples_refused;
  prometheus::Counter* samples;
  prometheus::Counter* histograms;
  prometheus::Counter* bytes;
  prometheus::Counter* exemplars;
  std::array<prometheus::Counter*, kExemplarRefusals> exemplars_refused;
  prometheus::Counter* ignored_exemplars;
  prometheus::Counter* metadata;
  prometheus::Counter* dropped_relabel;
  prometheus::Counter* dropped_ha;
  prometheus::Counter* elections;
  prometheus::Gauge* clusters;
  prometheus::Counter* metadata_invalid;
  prometheus::Counter* metadata_too_long;
  prometheus::Counter* metadata_too_many;
};

Metrics::Metrics(prometheus::Registry* registry) : counters_(std::make_unique<Counters>()) {
  if (registry == nullptr) {
    own_registry_ = std::make_unique<prometheus::Registry>();
    registry = own_registry_.get();
  }
  auto& requests = MakeFamily("nines_ingest_requests_total",
                              "Remote write requests by the status that they got.", registry);
  for (size_t i = 0; i < kStatuses.size(); ++i) {
    counters_->requests[i] = Add(requests, "code", std::to_string(kStatuses[i]));
  }
  auto& requests_refused =
      MakeFamily("nines_ingest_requests_refused_total",
                 "Remote write requests of which nothing was stored.", registry);
  for (size_t i = 0; i < kRequestRefusals; ++i) {
    counters_->requests_refused[i] = Add(requests_refused, "reason", kRequestReasons[i]);
  }
  auto& samples_refused = MakeFamily(
      "nines_ingest_samples_refused_total",
      "Samples and native histograms that were not stored while the rest of their request was.",
      registry);
  for (size_t i = 0; i < kSampleRefusals; ++i) {
    counters_->samples_refused[i] =
        Add(samples_refused, "reason", SampleRefusalLabel(static_cast<SampleRefusal>(i)));
  }
  counters_->samples = &MakeFamily("nines_ingest_samples_total",
                                   "Samples that were stored, or were stored already.", registry)
                            .Add({});
  counters_->histograms =
      &MakeFamily("nines_ingest_histograms_total",
                  "Native histograms that were stored, or were stored already.", registry)
           .Add({});
  counters_->bytes =
      &MakeFamily("nines_ingest_bytes_total", "Bytes of remote write bodies as received.", registry)
           .Add({});
  auto& ignored = MakeFamily("nines_ingest_ignored_total",
                             "What came with samples, is not stored and is no error.", registry);
  auto& dropped = MakeFamily(
      "nines_ingest_samples_dropped_total",
      "Samples that relabelling drops, or that came from a replica that is not elected.", registry);
  counters_->dropped_relabel = Add(dropped, "reason", "relabel");
  counters_->dropped_ha = Add(dropped, "reason", "ha");
  counters_->elections = &MakeFamily("nines_ingest_ha_elections_total",
                                     "Replicas of a cluster that were elected.", registry)
                              .Add({});
  counters_->clusters = &prometheus::BuildGauge()
                             .Name("nines_ingest_ha_clusters")
                             .Help("Clusters of which one replica is elected.")
                             .Register(*registry)
                             .Add({});
  counters_->ignored_exemplars = Add(ignored, "kind", "exemplar");
  counters_->metadata =
      &MakeFamily("nines_ingest_metadata_total",
                  "Metadata of metrics that was kept, or was kept already.", registry)
           .Add({});
  auto& metadata_refused = MakeFamily("nines_ingest_metadata_refused_total",
                                      "Metadata of metrics that was not kept.", registry);
  counters_->metadata_invalid = Add(metadata_refused, "reason", "invalid");
  counters_->metadata_too_long = Add(metadata_refused, "reason", "metadata_bytes_max");
  counters_->metadata_too_many = Add(metadata_refused, "reason", "metadata_max");
  counters_->exemplars = &MakeFamily("nines_ingest_exemplars_total",
                                     "Exemplars that were kept, or were kept already.", registry)
                              .Add({});
  auto& exemplars_refused =
      MakeFamily("nines_ingest_exemplars_refused_total", "Exemplars that were not kept.", registry);
  for (size_t i = 0; i < kExemplarRefusals; ++i) {
    counters_->exemplars_refused[i] =
        Add(exemplars_refused, "reason", ExemplarRefusalLabel(static_cast<ExemplarRefusal>(i)));
  }
}

Metrics::~Metrics() = default;

void Metrics::Request(int status, uint64_t body_bytes) {
  counters_->bytes->Increment(static_cast<double>(body_bytes));
  for (size_t i = 0; i < kStatuses.size(); ++i) {
    if (kStatuses[i] != status) continue;
    counters_->requests[i]->Increment();
    return;
  }
  CHECK(false);  // A status that no part of the handler gives.
}

void Metrics::RequestRefused(RequestRefusal why) {
  counters_->requests_refused[static_cast<size_t>(why)]->Increment();
}

void Metrics::SamplesWritten(uint64_t count) {
  counters_->samples->Increment(static_cast<double>(count));
}

void Metrics::HistogramsWritten(uint64_t count) {
  counters_->histograms->Increment(static_cast<double>(count));
}

void Metrics::SamplesRefused(const Refusals& refusals) {
  for (size_t i = 0; i < kSampleRefusals; ++i) {
    const uint64_t count = refusals.count(static_cast<SampleRefusal>(i));
    if (count > 0) counters_->samples_refused[i]->Increment(static_cast<double>(count));
  }
}

void Metrics::Dropped(const Drops& drops) {
  if (drops.relabel > 0) counters_->dropped_relabel->Increment(static_cast<double>(drops.relabel));
  if (drops.ha > 0) counters_->dropped_ha->Increment(static_cast<double>(drops.ha));
}

void Metrics::Elected(uint64_t replicas, uint64_t clusters) {
  counters_->elections->Increment(static_cast<double>(replicas));
  counters_->clusters->Set(static_cast<double>(clusters));
}

void Metrics::Exemplars(uint64_t kept, uint64_t ignored) {
  counters_->exemplars->Increment(static_cast<double>(kept));
  counters_->ignored_exemplars->Increment(static_cast<double>(ignored));
}

void Metrics::ExemplarsRefused(const ExemplarRefusals& refusals) {
  for (size_t i = 0; i < kExemplarRefusals; ++i) {
    const uint64_t count = refusals.count(static_cast<ExemplarRefusal>(i));
    if (count > 0) counters_->exemplars_refused[i]->Increment(static_cast<double>(count));
  }
}

void Metrics::Metadata(uint64_t kept, uint64_t invalid, uint64_t too_long, uint64_t too_many) {
  counters_->metadata->Increment(static_cast<double>(kept));
  counters_->metadata_invalid->Increment(static_cast<double>(invalid));
  counters_->metadata_too_long->Increment(static_cast<double>(too_long));
  counters_->metadata_too_many->Increment(static_cast<double>(too_many));
}

}  // namespace nines::ingest
