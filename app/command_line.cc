#include "app/command_line.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "app/import.h"
#include "app/inspect.h"
#include "app/serve.h"
#include "app/version.h"
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

// The command line: what it can hold, and what it held once it is parsed.
struct CommandLine {
  CLI::App app{"Nines keeps the latency promises of online services.", "nines"};
  ServeFlags serve_flags;
  ImportFlags import_flags;
  InspectFlags inspect_flags;
  std::string help_topic;

  CommandLine() {
    app.require_subcommand(1);
    AddServe();
    AddImport();
    AddInspect();
    app.add_subcommand("version", "Print the version");
    CLI::App* help = app.add_subcommand("help", "Print this text, or that of a command");
    help->add_option("command", help_topic, "The command to explain");
  }

  void AddServe() {
    CLI::App* serve = app.add_subcommand("serve", "Run the server");
    serve->add_option("--config.file", serve_flags.config_file,
                      "The configuration, nines.yml; without it, defaults and no SLOs");
    serve->add_option("--storage.path", serve_flags.storage_path, "The folder of the data")
        ->capture_default_str();
    serve->add_option("--web.listen-address", serve_flags.listen_address, "host:port to listen on")
        ->capture_default_str();
    serve->add_flag("--web.enable-admin-api", serve_flags.enable_admin_api,
                    "Allow /api/v1/admin: snapshots");
    serve->add_option("--log.level", serve_flags.log_level, "debug, info, warn or error")
        ->capture_default_str()
        ->check(Accepts(log::ParseLevel));
    serve->add_option("--log.format", serve_flags.log_format, "logfmt or json")
        ->capture_default_str()
        ->check(Accepts(log::ParseFormat));
  }

  void AddImport() {
    CLI::App* import =
        app.add_subcommand("import", "Put old samples into a data folder that no server has open");
    import->add_option("--storage.path", import_flags.storage_path, "The folder of the data")
        ->capture_default_str();
    import->add_option("--config.file", import_flags.config_file,
                       "The server's configuration: its retention and limits count");
    CLI::Option* url = import->add_option("--from-prometheus", import_flags.prometheus_url,
                                          "The URL of a running Prometheus to read from");
    import
        ->add_option("--match", import_flags.matches,
                     "Series to read, name{label=\"value\"}; may be repeated; default: all")
        ->allow_extra_args(false)
        ->needs(url);
    import->add_option("--start", import_flags.start, "From when; default: the retention ago")
        ->needs(url);
    import->add_option("--end", import_flags.end, "Until when; default: now")->needs(url);
    const std::pair<const char*, const char*> formats[] = {
        {"openmetrics", "A file in OpenMetrics text, times in seconds, # EOF at its end"},
        {"text", "A file in Prometheus' text format, times in milliseconds"},
        {"dump", "What promtool tsdb dump printed"}};
    for (const auto& [format, what] : formats) {
      CLI::App* one = import->add_subcommand(format, what);
      one->add_option("FILE", import_flags.file, "Its path; - is standard input")->required();
      one->fallthrough();
      one->callback([this, name = std::string(format)] { import_flags.format = name; });
    }
    import->require_subcommand(0, 1);
    import->callback([this] {
      if (import_flags.format.empty() != import_flags.prometheus_url.empty()) return;
    throw CLI::ValidationError("import", "needs one of openmetrics, text, dump, --from-prometheus");
  });
}

  void AddInspect() {
  CLI::App* inspect = app.add_subcommand("inspect", "Print what a data folder or snapshot holds");
  inspect->add_option("--storage.path", inspect_flags.storage_path, "The folder of the data")
      ->capture_default_str();
  inspect->add_flag("--json", inspect_flags.json, "Print JSON");
  inspect->add_option("--top", inspect_flags.top, "How many metric names to list")
      ->capture_default_str();
}

const CLI::App* Find(const std::string& command) const {
  for (const CLI::App* one : app.get_subcommands(nullptr))
    if (one->get_name() == command) return one;
  return nullptr;
}
};  // namespace

int NoCommand(const std::string& name) {
  std::fprintf(stderr, "nines: no command %s; nines help lists them\n", name.c_str());
  return 2;
}

// The help of a command, or of all with an empty topic.
int PrintHelp(const std::string& topic) {
  const CommandLine fresh;  // One that was parsed would explain the command that it found.
  const CLI::App* about = topic.empty() ? &fresh.app : fresh.Find(topic);
  if (about == nullptr) return NoCommand(topic);
  std::fputs(about->help().c_str(), stdout);
  return 0;
}

}  // namespace nines::app

int Main(int argc, char** argv) {
  CommandLine line;
  if (argc > 1 && argv[1][0] != '-' && line.Find(argv[1]) == nullptr) return NoCommand(argv[1]);
  try {
    line.app.parse(argc, argv);
  } catch (const CLI::CallForHelp& call) {
    return line.app.exit(call);
  } catch (const CLI::ParseError& error) {
    line.app.exit(error);  // Says what is wrong.
    return 2;
  }
  const std::string command = line.app.get_subcommands().front()->get_name();
  if (command == "serve") return Serve(line.serve_flags);
  if (command == "import") return Import(line.import_flags);
  if (command == "inspect") return Inspect(line.inspect_flags);
  if (command == "help") return PrintHelp(line.help_topic);
  std::printf("nines %s\n", kVersion);
  return 0;
}

}  // namespace nines::app
