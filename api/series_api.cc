#include "api/series_api.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "api/reply.h"
#include "base/json.h"
#include "base/matcher.h"
#include "base/number.h"
#include "base/time.h"
#include "base/utf8.h"

namespace nines::api {
namespace {

using net::HttpRequest;
using net::HttpResponse;

constexpr std::string_view kFormType = "application/x-www-form-urlencoded";
constexpr std::string_view kTruncated = "results truncated due to limit";

Error InvalidParameter(std::string_view name, std::string_view what) {
  return {Code::kInvalid, "invalid parameter " + GoQuote(name) + ": " + std::string(what)};
}

// The parameters of a request: those of its form before those of its query, as Go's Request.Form.
class Parameters {
 public:
  explicit Parameters(const HttpRequest& request) {
    const std::string_view type = net::FindHeader(request.headers, "Content-Type");
    if (request.method == "POST" && type.substr(0, type.find(';')) == kFormType) {
      all_ = net::ParseForm(request.body);
    }
    for (auto& one : net::ParseForm(request.query)) all_.push_back(std::move(one));
  }

  // "" where there is none.
  std::string First(std::string_view name) const {
    for (const auto& [key, value] : all_) {
      if (key == name) return value;
    }
    return "";
  }
  std::vector<std::string> All(std::string_view name) const {
    std::vector<std::string> values;
    for (const auto& [key, value] : all_) {
      if (key == name) values.push_back(value);
    }
    return values;
  }

 private:
  std::vector<std::pair<std::string, std::string>> all_;
};

Result<Time> TimeOf(const Parameters& parameters, std::string_view name, Time otherwise) {
  const std::string text = parameters.First(name);
  if (text.empty()) return otherwise;
  const Result<Time> time = ParseTime(text);
  if (time) return time;
  return InvalidParameter(name, "Invalid time value for '" + std::string(name) +
                                    "': cannot parse " + GoQuote(text) + " to a valid timestamp");
}

// 0 for none.
Result<size_t> LimitOf(const Parameters& parameters) {
  const std::string text = parameters.First("limit");
  if (text.empty()) return size_t{0};
  int64_t limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return InvalidParameter("limit", "cannot parse " + GoQuote(text) + " to a number");
  }
  if (limit < 0) return InvalidParameter("limit", "limit must be non-negative");
  return static_cast<size_t>(limit);
}

Result<std::vector<Matchers>> SetsOf(const std::vector<std::string>& selectors) {
  std::vector<Matchers> sets;
  for (const std::string& selector : selectors) {
    Result<Matchers> set = ParseSelector(selector);
    if (!set) return set.error();
    const auto narrows = [](const Matcher& matcher) {
      return !matcher.Matches(std::string_view{});
    };
    if (std::ranges::none_of(*set, narrows)) {
      return Error{Code::kInvalid, "match[] must contain at least one non-empty matcher"};
    }
    sets.push_back(*std::move(set));
  }
  return sets;
}

struct Asked {
  tsdb::SeriesQuery query;
  size_t limit = 0;
};

Result<Asked> AskedBy(const Parameters& parameters) {
  Asked asked;
  const Result<size_t> limit = LimitOf(parameters);
  if (!limit) return limit.error();
  asked.limit = *limit;
  const Result<Time> from = TimeOf(parameters, "start", Time::min());
  if (!from) return from.error();
  asked.query.from = *from;
  const Result<Time> to = TimeOf(parameters, "end", Time::max());
  if (!to) return to.error();
  asked.query.to = *to;
  Result<std::vector<Matchers>> sets = SetsOf(parameters.All("match[]"));
  if (!sets) return sets.error();
  asked.query.sets = *std::move(sets);
  return asked;
}

HttpResponse Refuse(const Error& error) {
  if (error.code == Code::kInvalid) return Failure(400, "bad_data", error.message);
  return Failure(422, "execution", error.message);
}

// The first `limit` of `all`, each written by `write`, with a warning where that is not all.
template <class T, class Write>
HttpResponse List(const Result<std::vector<T>>& all, size_t limit, Write write) {
  if (!all) return Refuse(all.error());
  const size_t n = limit == 0 ? all->size() : std::min(limit, all->size());
  JsonWriter json;
  json.BeginObject().Key("status").String("success").Key("data").BeginArray();
  for (size_t i = 0; i < n; ++i) write((*all)[i], &json);
  json.EndArray();
  if (n < all->size()) json.Key("warnings").BeginArray().String(kTruncated).EndArray();
  json.EndObject();
  return HttpResponse::Json(200, json.Take());
}

void WriteText(const std::string& text, JsonWriter* json) { json->String(text); }
void WriteLabels(const Labels& labels, JsonWriter* json) { json->Object(labels); }

void WriteExemplars(const tsdb::SeriesExemplars& series, JsonWriter* json) {
  json->BeginObject().Key("seriesLabels").Object(series.labels);
  json->Key("exemplars").BeginArray();
  for (const tsdb::Exemplar& one : series.exemplars) {
    json->BeginObject().Key("labels").Object(one.labels);
    json->Key("value").String(FormatFloat(one.value));
    json->Key("timestamp").Raw(FormatUnixSeconds(FromUnixMs(one.time_ms)));
    json->EndObject();
  }
  json->EndArray().EndObject();
}

HttpResponse LabelNames(const SeriesSource& source, const HttpRequest& request) {
  const Result<Asked> asked = AskedBy(Parameters(request));
  if (!asked) return Refuse(asked.error());
  return List(source.label_names(asked->query), asked->limit, WriteText);
}

HttpResponse LabelValues(const SeriesSource& source, const HttpRequest& request,
                         std::string_view in_path) {
  const std::string name = UnescapeLabelName(in_path);
  if (name.empty() || !IsUtf8(name)) {
    return Failure(400, "bad_data", "invalid label name: " + GoQuote(name));
  }
  const Result<Asked> asked = AskedBy(Parameters(request));
  if (!asked) return Refuse(asked.error());
  return List(source.label_values(name, asked->query), asked->limit, WriteText);
}

HttpResponse Series(const SeriesSource& source, const HttpRequest& request) {
  const Parameters parameters(request);
  if (parameters.All("match[]").empty()) {
    return Failure(400, "bad_data", "no match[] parameter provided");
  }
  // Prometheus names the parameter here alone.
  if (const auto sets = SetsOf(parameters.All("match[]")); !sets) {
    return Refuse(InvalidParameter("match[]", sets.error().message));
  }
  const Result<Asked> asked = AskedBy(parameters);
  if (!asked) return Refuse(asked.error());
  return List(source.series(asked->query), asked->limit, WriteLabels);
}

HttpResponse Exemplars(const SeriesSource& source, const HttpRequest& request) {
  const Parameters parameters(request);
  const Result<Time> from = TimeOf(parameters, "start", Time::min());
  if (!from) return Refuse(from.error());
  const Result<Time> to = TimeOf(parameters, "end", Time::max());
  if (!to) return Refuse(to.error());
  if (*to < *from) {
    return Failure(400, "bad_data", "end timestamp must not be before start timestamp");
  }
  Result<Matchers> selector = ParseSelector(parameters.First("query"));
  if (!selector) {
    return Failure(
        400, "bad_data",
        selector.error().message + " (a series selector is all that this version takes)");
  }
  const Result<std::vector<tsdb::SeriesExemplars>> found =
      source.exemplars({{*std::move(selector)}, *from, *to});
  return List(found, 0, WriteExemplars);
}

// As Prometheus': a number below 0 is no limit, and 0 is none of them.
Result<int64_t> MetadataLimit(const Parameters& parameters, std::string_view name) {
  const std::string text = parameters.First(name);
  if (text.empty()) return int64_t{-1};
  int64_t limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return Error{Code::kInvalid, std::string(name) + " must be a number"};
  }
  return limit;
}

HttpResponse Metadata(const SeriesSource& source, const HttpRequest& request) {
  const Parameters parameters(request);
  const Result<int64_t> limit = MetadataLimit(parameters, "limit");
  if (!limit) return Refuse(limit.error());
  // One is all that is kept of a metric, and 0 is no limit here.
  const Result<int64_t> each = MetadataLimit(parameters, "limit_per_metric");
  if (!each) return Refuse(each.error());
  JsonWriter json;
  json.BeginObject();
  int64_t written = 0;
  for (const tsdb::MetricMetadata& one : source.metadata(parameters.First("metric"))) {
    if (*limit >= 0 && written++ >= *limit) break;
    json.Key(one.name).BeginArray().BeginObject();
    json.Key("type").String(MetricTypeName(one.type));
    json.Key("help").String(one.help);
    json.Key("unit").String(one.unit);
    json.EndObject().EndArray();
  }
  json.EndObject();
  return Success(json.text());
}

// The character that an escape "_2e_" at the start of `text` stands for, and how long that is.
std::optional<std::pair<char32_t, size_t>> ReadEscape(std::string_view text) {
  const size_t end = text.find('_', 1);
  if (end == text.npos || end < 2 || end > 7) return std::nullopt;
  uint32_t code = 0;
  const auto [stop, error] = std::from_chars(text.data() + 1, text.data() + end, code, 16);
  if (error != std::errc{} || stop != text.data() + end) return std::nullopt;
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return std::nullopt;
  return std::pair(static_cast<char32_t>(code), end + 1);
}

}  // namespace

SeriesSource SeriesOf(const tsdb::Store* store) {
  using tsdb::SeriesQuery;
  return {
      .label_names = [store](const SeriesQuery& query) { return store->LabelNames(query); },
      .label_values = [store](std::string_view name,
                              const SeriesQuery& query) { return store->LabelValues(name, query); },
      .series = [store](const SeriesQuery& query) { return store->FindSeries(query); },
      .exemplars = [store](const SeriesQuery& query) { return store->FindExemplars(query); },
      .metadata = [store](std::string_view name) { return store->FindMetadata(name); },
  };
}

void AddSeriesRoutes(const SeriesSource* source, Router* router) {
  const auto add = [&](const char* pattern,
                       HttpResponse (*answer)(const SeriesSource&, const HttpRequest&)) {
    for (const char* method : {"GET", "POST"}) {
      router->Add(method, pattern, [=](const HttpRequest& request, const PathParameters&) {
        return answer(*source, request);
      });
    }
  };
  add("/api/v1/series", Series);
  add("/api/v1/labels", LabelNames);
  add("/api/v1/query_exemplars", Exemplars);
  router->Add("GET", "/api/v1/metadata", [=](const HttpRequest& request, const PathParameters&) {
    return Metadata(*source, request);
  });
  router->Add("GET", "/api/v1/label/{name}/values",
              [=](const HttpRequest& request, const PathParameters& path) {
                return LabelValues(*source, request, path.find("name")->second);
              });
}

std::string UnescapeLabelName(std::string_view name) {
  constexpr std::string_view kPrefix = "U__";
  if (!name.starts_with(kPrefix)) return std::string(name);
  std::string out;
  for (std::string_view rest = name.substr(kPrefix.size()); !rest.empty();) {
    if (rest.front() != '_') {
      out += rest.front();
      rest.remove_prefix(1);
    } else if (rest.starts_with("__")) {
      out += '_';
      rest.remove_prefix(2);
    } else if (const auto escape = ReadEscape(rest)) {
      AppendUtf8(escape->first, out);
      rest.remove_prefix(escape->second);
    } else {
      return std::string(name);
    }
  }
  return out;
}

}  // namespace nines::api
