#include "app/import.h"

#include <cinttypes>
#include <cstdio>
#include <memory>
#include <optional>

#include "app/config.h"
#include "app/line_reader.h"
#include "app/prometheus_reader.h"
#include "base/clock.h"
#include "ingest/request_builder.h"
#include "ingest/text_format.h"
#include "ingest/write_handler.h"
#include "tsdb/store.h"

namespace nines::app {
namespace {

// Any order of time: what is behind by less than this is taken.
constexpr Duration kAnyOrder = std::chrono::hours{24 * 366 * 1000};
constexpr Duration kNever = std::chrono::hours{24 * 366 * 1000};
// Bounds the memory: rows are written out as fragments then.
constexpr uint64_t kCheckpointSamples = 4'000'000;
constexpr size_t kRequestSamples = 10'000;
constexpr size_t kRequestBytes = size_t{4} << 20;
constexpr std::chrono::seconds kProgressEvery{5};
constexpr size_t kRefusalsShown = 10;

// The store, and what was done with it.
class Importer {
 public:
  static Result<std::unique_ptr<Importer>> Open(const ImportFlags& flags, const Config& config) {
    auto store = tsdb::Store::Open({.path = flags.storage_path,
                                    .sync = tsdb::SyncMode::kOs,  // Close() makes it durable.
                                    .retention = config.retention,
                                    .out_of_order_window = kAnyOrder,
                                    .checkpoint_samples = kCheckpointSamples,
                                    .checkpoint_interval = kNever,
                                    .min_free = config.min_free});
    if (!store) return Wrap("storage " + flags.storage_path, store.error());
    ingest::Limits limits = config.limits;
    // Of requests that we make ourselves.
    limits.body_bytes_max = limits.decoded_bytes_max = uint64_t{1} << 30;
    limits.samples_max = UINT32_MAX;
    return std::unique_ptr<Importer>(new Importer(*std::move(store), limits));
  }

  // The body of a remote write 1.0 request.  How far the source is, for the progress.
  Result<void> Write(const std::string& body, const std::string& where) {
    const ingest::WriteResponse response = handler_.Handle({.body = body}, clock_.Wall());
    if (response.status >= 500) return Error{Code::kUnavailable, response.message};
    written_ += response.samples_written;
    if (response.status != 204) NoteRefusal(response.message);
    if (store_->stats().head_samples >= kCheckpointSamples) {
      if (Result<void> done = store_->Maintain(clock_.Wall()); !done) return done;
    }
    ShowProgress(where);
    return {};
  }

  Result<void> Close() {
    if (Result<void> closed = store_->Close(clock_.Wall()); !closed) return closed;
    const double seconds = std::chrono::duration<double>(clock_.Monotonic() - begun_).count();
    std::printf("imported %" PRIu64 " samples in %.1f s; the data has %" PRIu64 " series\n",
                written_, seconds, store_->stats().series);
    if (refusals_ > 0) {
      std::printf("%" PRIu64 " requests had samples that were not stored, see above\n", refusals_);
    }
    return {};
  }

 private:
  Importer(std::unique_ptr<tsdb::Store> store, const ingest::Limits& limits)
      : store_(std::move(store)),
        handler_(store_.get(), limits, nullptr),
        begun_(clock_.Monotonic()),
        shown_(begun_) {}

  void NoteRefusal(const std::string& message) {
    if (++refusals_ > kRefusalsShown) return;
    std::fprintf(stderr, "nines: import: %s\n", message.c_str());
    if (refusals_ == kRefusalsShown) {
      std::fprintf(stderr, "nines: import: more of these are counted but not shown\n");
    }
  }

  void ShowProgress(const std::string& where) {
    const std::chrono::nanoseconds now = clock_.Monotonic();
    if (now - shown_ < kProgressEvery) return;
    shown_ = now;
    const double seconds = std::chrono::duration<double>(now - begun_).count();
    std::fprintf(stderr, "nines: import: %s, %" PRIu64 " samples, %.0f samples/s\n", where.c_str(),
                 written_, static_cast<double>(written_) / seconds);
  }

  const Clock& clock_ = SystemClock();
  const std::unique_ptr<tsdb::Store> store_;
  ingest::WriteHandler handler_;
  const std::chrono::nanoseconds begun_;
  std::chrono::nanoseconds shown_;
  uint64_t written_ = 0;
  uint64_t refusals_ = 0;
};

// Reads the lines of a file into requests.
class FileImport {
 public:
  FileImport(const ImportFlags& flags, Importer* to) : flags_(flags), to_(to) {}

  Result<void> Run() {
    auto opened = LineReader::Open(flags_.file);
    if (!opened) return opened.error();
    LineReader& lines = **opened;
    bool has_ended = false;
    for (;;) {
      const Result<std::optional<std::string_view>> line = lines.Next();
      if (!line) return Wrap(lines.Place(), line.error());
      if (!*line) break;
      if (has_ended && !(*line)->empty()) {
        return Error{Code::kInvalid, lines.Place() + ": something follows # EOF"};
      }
      const Result<bool> is_end = Take(**line);
      if (!is_end) return Wrap(lines.Place(), is_end.error());
      has_ended = has_ended || *is_end;
      if (builder_.samples() >= kRequestSamples || builder_.bytes() >= kRequestBytes) {
        if (Result<void> written = Flush(lines); !written) return written;
      }
    }
    if (Result<void> written = Flush(lines); !written) return written;
    if (flags_.format == "openmetrics" && !has_ended) {
      return Error{Code::kInvalid, lines.Place() +
                                       ": the file does not end with # EOF: it is cut short, or is "
                                       "no OpenMetrics (nines import text reads Prometheus' text)"};
    }
    return {};
  }

 private:
  // True for the end that OpenMetrics has.
  Result<bool> Take(std::string_view line) {
    if (flags_.format == "dump") {
      const auto sample = ingest::ParseDumpLine(line);
      if (!sample) return sample.error();
      if (*sample) builder_.Add(**sample);
      return false;
    }
    const bool is_open = flags_.format == "openmetrics";
    const auto parsed = ingest::ParseExpositionLine(
        line, is_open ? ingest::Exposition::kOpenMetrics : ingest::Exposition::kPrometheus);
    if (!parsed) return parsed.error();
    if (parsed->sample) builder_.Add(*parsed->sample);
    if (parsed->metadata) builder_.Add(*parsed->metadata);
    return is_open && parsed->is_end;
  }

  Result<void> Flush(const LineReader& lines) {
    if (builder_.samples() == 0) return {};
    return to_->Write(builder_.Take(), lines.Progress());
  }

  const ImportFlags& flags_;
  Importer* to_;
  ingest::RequestBuilder builder_;
};

Result<void> ImportFromPrometheus(const ImportFlags& flags, const Config& config, Importer* to) {
  const Time now = SystemClock().Wall();
  PrometheusReader::Options options{
      .url = flags.prometheus_url, .matchers = {}, .start = now - config.retention, .end = now};
  const std::pair<const std::string*, Time*> times[] = {{&flags.start, &options.start},
                                                        {&flags.end, &options.end}};
  for (const auto& [text, time] : times) {
    if (text->empty()) continue;
    const Result<Time> parsed = ParseTime(*text);
    if (!parsed) return parsed.error();
    *time = *parsed;
  }
  for (const std::string& match : flags.matches) {
    const Result<Matchers> matchers = ParseSelector(match);
    if (!matchers) return Wrap("--match", matchers.error());
    options.matchers.push_back(*matchers);
  }
  return PrometheusReader(options).Run(
      [to](const std::string& body, const std::string& where) { return to->Write(body, where); });
}

Result<void> RunImport(const ImportFlags& flags) {
  const Result<Config> config = LoadConfig(flags.config_file);
  if (!config) return config.error();
  auto importer = Importer::Open(flags, *config);
  if (!importer) return importer.error();
  Result<void> done = flags.format.empty() ? ImportFromPrometheus(flags, *config, importer->get())
                                           : FileImport(flags, importer->get()).Run();
  const Result<void> closed = (*importer)->Close();
  return done ? closed : done;
}

}  // namespace

int Import(const ImportFlags& flags) {
  const Result<void> done = RunImport(flags);
  if (done) return 0;
  std::fprintf(stderr, "nines: import: %s\n", done.error().message.c_str());
  return 1;
}

}  // namespace nines::app
