#include "tests/support/remote_write.h"

#include <snappy.h>

#include <bit>

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

std::string EncodeSeries(const TestSeries& series) {
  std::string out;
  for (const Label& label : series.labels) {
    std::string inner;
    PutBytes(inner, 1, label.name);
    PutBytes(inner, 2, label.value);
    PutBytes(out, 1, inner);
  }
  for (const auto& [time_ms, value] : series.samples) {
    std::string inner;
    PutDouble(inner, 1, value);
    PutTag(inner, 2, kVarint);
    PutVarint(inner, static_cast<uint64_t>(time_ms));
    PutBytes(out, 2, inner);
  }
  return out;
}

}  // namespace

std::string EncodeWriteRequest(std::span<const TestSeries> series) {
  std::string out;
  for (const TestSeries& one : series) PutBytes(out, 1, EncodeSeries(one));
  return out;
}

std::string SnappyBlock(std::string_view text) {
  std::string out;
  snappy::Compress(text.data(), text.size(), &out);
  return out;
}

Result<net::ClientResponse> PostWrite(net::HttpClient& client, const std::string& base_url,
                                      std::span<const TestSeries> series) {
  net::ClientRequest request;
  request.method = "POST";
  request.url = base_url + "/api/v1/write";
  request.headers = {{"Content-Encoding", "snappy"},
                     {"Content-Type", "application/x-protobuf"},
                     {"X-Prometheus-Remote-Write-Version", "0.1.0"}};
  request.body = SnappyBlock(EncodeWriteRequest(series));
  return client.Send(request);
}

}  // namespace nines::test
