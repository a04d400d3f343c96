#pragma once

namespace nines::app {

// Parses the command line and runs the subcommand.  Returns the exit status: 0 success, 1 the
// command failed (the reason is on standard error), 2 the command line is wrong.
int Main(int argc, char** argv);

}  // namespace nines::app
