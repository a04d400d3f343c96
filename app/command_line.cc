#include "app/command_line.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "app/serve.h"
#include "app/version.h"
#include "base/check.h"
#include "base/log.h"

namespace nines::app {
namespace {

// An option whose text one of our own parsers must accept.
template <class Parse>
CLI::Validator Accepts(Parse parse) {
  return CLI::Validator(
      [parse](std::string& text) {
        const auto parsed = parse(text);
        return parsed ? std::string() : parsed.error().message;
      },
      "");
}

CLI::App* AddServe(CLI::App& app, ServeFlags* flags) {
  CLI::App* serve = app.add_subcommand("serve", "Run the server");
  serve->add_option("--config.file", flags->config_file,
                    "The configuration, nines.yml; without it, defaults and no SLOs");
  serve->add_option("--storage.path", flags->storage_path, "The folder of the data")
      ->capture_default_str();
  serve->add_option("--web.listen-address", flags->listen_address, "host:port to listen on")
      ->capture_default_str();
  serve->add_option("--log.level", flags->log_level, "debug, info, warn or error")
      ->capture_default_str()
      ->check(Accepts(log::ParseLevel));
  serve->add_option("--log.format", flags->log_format, "logfmt or json")
      ->capture_default_str()
      ->check(Accepts(log::ParseFormat));
  return serve;
}

// The help of a command, or of all with an empty topic.
int PrintHelp(const CLI::App& app, const std::string& topic) {
  if (topic.empty()) {
    std::fputs(app.help().c_str(), stdout);
    return 0;
  }
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    if (command->get_name() != topic) continue;
    std::fputs(command->help().c_str(), stdout);
    return 0;
  }
  std::fprintf(stderr, "nines help: no command %s\n", topic.c_str());
  return 2;
}

}  // namespace

int Main(int argc, char** argv) {
  CLI::App app("Nines keeps the latency promises of online services.", "nines");
  app.require_subcommand(1);
  ServeFlags flags;
  CLI::App* serve = AddServe(app, &flags);
  CLI::App* version = app.add_subcommand("version", "Print the version");
  CLI::App* help = app.add_subcommand("help", "Print this text, or that of a command");
  std::string topic;
  help->add_option("command", topic, "The command to explain");

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& call) {
    return app.exit(call);
  } catch (const CLI::ParseError& error) {
    app.exit(error);  // Says what is wrong.
    return 2;
  }
  if (version->parsed()) {
    std::printf("nines %s\n", kVersion);
    return 0;
  }
  if (help->parsed()) {
    return PrintHelp(app, topic);
  }
  CHECK(serve->parsed());
  return Serve(flags);
}

}  // namespace nines::app
