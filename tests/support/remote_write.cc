#include "tests/support/remote_write.h"

#include <snappy.h>

#include <bit>
#include <map>

namespace nines::test {
namespace {

// Protobuf's wire types.
constexpr uint32_t kVarint = 0;
constexpr uint32_t kFixed64 = 1;
constexpr uint32_t kBytes = 2;

void PutVarint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>((value & 0x7f) | 0x80));
  out.push_back(static_cast<char>(value));
}

void PutTag(std::string& out, uint32_t field, uint32_t wire_type) {
  PutVarint(out, (field << 3) | wire_type);
}

void PutBytes(std::string& out, uint32_t field, std::string_view bytes) {
  PutTag(out, field, kBytes);
  PutVarint(out, bytes.size());
  out.append(bytes);
}

void PutDouble(std::string& out, uint32_t field, double value) {
  PutTag(out, field, kFixed64);
  auto bits = std::bit_cast<uint64_t>(value);
  for (int i = 0; i < 8; ++i, bits >>= 8) out.push_back(static_cast<char>(bits & 0xff));
}

void PutSamples(std::string& out, const TestSeries& series) {
  for (const auto& [time_ms, value] : series.samples) {
    std::string inner;
    PutDouble(inner, 1, value);
    PutTag(inner, 2, kVarint);
    PutVarint(inner, static_cast<uint64_t>(time_ms));
    PutBytes(out, 2, inner);
  }
}

void PutLabels(std::string& out, const Labels& labels) {
  for (const Label& label : labels) {
    std::string inner;
    PutBytes(inner, 1, label.name);
    PutBytes(inner, 2, label.value);
    PutBytes(out, 1, inner);
  }
}

std::string EncodeSeries(const TestSeries& series) {
  std::string out;
  PutLabels(out, series.labels);
  PutSamples(out, series);
  for (const TestExemplar& exemplar : series.exemplars) {
    std::string inner;
    PutLabels(inner, exemplar.labels);
    PutDouble(inner, 2, exemplar.value);
    PutTag(inner, 3, kVarint);
    PutVarint(inner, static_cast<uint64_t>(exemplar.time_ms));
    PutBytes(out, 3, inner);
  }
  return out;
}

Result<net::ClientResponse> Post(net::HttpClient& client, const std::string& base_url,
                                 const std::string& type, const std::string& version,
                                 std::string_view message) {
  net::ClientRequest request;
  request.method = "POST";
  request.url = base_url + "/api/v1/write";
  request.headers = {{"Content-Encoding", "snappy"},
                     {"Content-Type", type},
                     {"X-Prometheus-Remote-Write-Version", version}};
  request.body = SnappyBlock(message);
  return client.Send(request);
}

}  // namespace

std::string EncodeWriteRequest(std::span<const TestSeries> series) {
  std::string out;
  for (const TestSeries& one : series) PutBytes(out, 1, EncodeSeries(one));
  return out;
}

std::string EncodeRequestV2(std::span<const TestSeries> series) {
  std::map<std::string, uint64_t> places = {{"", 0}};
  std::string symbols;
  PutBytes(symbols, 4, "");
  const auto place = [&](const std::string& text) {
    const auto [at, added] = places.emplace(text, places.size());
    if (added) PutBytes(symbols, 4, text);
    return at->second;
  };
  std::string all;
  for (const TestSeries& one : series) {
    std::string refs;
    for (const Label& label : one.labels) {
      PutVarint(refs, place(label.name));
      PutVarint(refs, place(label.value));
    }
    std::string out;
    PutBytes(out, 1, refs);
    PutSamples(out, one);
    PutBytes(all, 5, out);
  }
  return symbols + all;
}

std::string SnappyBlock(std::string_view text) {
  std::string out;
  snappy::Compress(text.data(), text.size(), &out);
  return out;
}

Result<net::ClientResponse> PostWrite(net::HttpClient& client, const std::string& base_url,
                                      std::span<const TestSeries> series) {
  return Post(client, base_url, "application/x-protobuf", "0.1.0", EncodeWriteRequest(series));
}

Result<net::ClientResponse> PostWriteV2(net::HttpClient& client, const std::string& base_url,
                                        std::span<const TestSeries> series) {
  return Post(client, base_url, "application/x-protobuf;proto=io.prometheus.write.v2.Request",
              "2.0.0", EncodeRequestV2(series));
}

}  // namespace nines::test
