// Successor: starts this program again, from the file it was started from, to take over from this process.
#pragma once

#include "base/result.h"

#include <sys/types.h>

#include <string>
#include <vector>

namespace app {

class Successor {
public:
    // Remembers how this process was started: an upgrade puts another file in the place of the running one.
    Successor();

    // With the same arguments and --take-over. Nothing happens while an earlier one lives. Returns its pid.
    base::Result<pid_t> start();

private:
    std::string program_;
    std::vector<std::string> arguments_;
    pid_t started_ = 0;
};

}  // namespace app
