#include "app/command_line.h"

int main(int argc, char** argv) { return nines::app::Main(argc, argv); }
