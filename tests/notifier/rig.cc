#include "tests/notifier/rig.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/number.h"

namespace nines::test {

using notifier::Alert;
using notifier::Config;
using notifier::Delivery;
using notifier::DeliveryResult;
using notifier::Notifier;

Alert Firing(const std::string& name, Time starts, const std::string& slo) {
  Alert alert;
  alert.labels = Labels{{"alertname", name}, {"slo", slo}};
  alert.starts_at = starts;
  return alert;
}

Alert Resolved(const std::string& name, Time starts, Time ends, const std::string& slo) {
  Alert alert = Firing(name, starts, slo);
  alert.ends_at = ends;
  return alert;
}

Config ConfigOf(const std::vector<std::string>& names) {
  std::vector<notifier::Consumer> consumers;
  for (const std::string& name : names) {
    notifier::Consumer consumer;
    consumer.receiver.name = name;
    consumer.receiver.webhook.url = "http://" + name + ".example/hook";
    consumers.push_back(consumer);
  }
  return *RoutesOf(consumers, {{"slow", names}}, "http://nines.example");
}

DeliveryResult Status(int status) {
  DeliveryResult result;
  result.status = status;
  return result;
}

DeliveryResult NoAnswer() {
  DeliveryResult result;
  result.error = "connection refused";
  return result;
}

std::string Summary(const std::string& body) {
  const boost::json::value json = boost::json::parse(body);
  std::string out(json.at("status").as_string());
  out += " (";
  out += json.at("notification_reason").as_string();
  out += ")";
  for (const boost::json::value& alert : json.at("alerts").as_array()) {
    out += " ";
    out += alert.at("labels").at("alertname").as_string();
    out += alert.at("status").as_string() == "firing" ? "+" : "-";
  }
  return out;
}

Rig::Rig(Config config_arg) : config(std::move(config_arg)) {
  answer = [](const Delivery&) { return Status(200); };
  Open();
}

void Rig::Open() {
  notifier_.reset();
  Result<std::unique_ptr<Notifier>> opened = Notifier::Open(config, &records, nullptr, now_);
  ASSERT_TRUE(opened) << opened.error().message;
  notifier_ = std::move(*opened);
}

void Rig::Post(double seconds, const std::vector<Alert>& alerts) {
  now_ = At(seconds);
  Result<void> posted = notifier_->Post(alerts, now_);
  ASSERT_TRUE(posted) << posted.error().message;
}

std::vector<Delivery> Rig::PollWithoutAnswer(double seconds) {
  now_ = At(seconds);
  if (restart_often) Open();
  return notifier_->Poll(now_);
}

void Rig::Answer(const Delivery& delivery, double seconds) {
  now_ = At(seconds);
  const DeliveryResult result = answer(delivery);
  transcript_.push_back(FormatFloat(seconds) + "s " + delivery.receiver + " " +
                        Summary(delivery.body) + " -> " + std::to_string(result.status));
  bodies_by_key[delivery.idempotency_key].insert(delivery.body);
  if (result.status / 100 == 2) delivered_keys.push_back(delivery.idempotency_key);
  notifier_->OnResult(delivery.id, result, now_);
  if (restart_often) Open();
}

void Rig::PollAt(double seconds) {
  for (const Delivery& delivery : PollWithoutAnswer(seconds)) Answer(delivery, seconds);
}

void Rig::RunTo(double seconds) {
  const Time end = At(seconds);
  for (int round = 0; round < 100'000; ++round) {
    const std::optional<Time> next = notifier_->NextDeadline();
    if (!next || *next > end) break;
    const Time at = std::max(*next, now_);
    PollAt(static_cast<double>((at - kStart).count()) / 1000);
  }
  now_ = end;
}

std::vector<std::string> Rig::TakeTranscript() { return std::exchange(transcript_, {}); }

}  // namespace nines::test
