// Tells the service manager how we are (sd_notify(3)): one datagram to the socket that NOTIFY_SOCKET names.
#pragma once

#include <string>

namespace app {

// "READY=1", "STOPPING=1", "MAINPID=42"; several lines at once. Does nothing where nobody listens.
void tell_service_manager(const std::string& state);

}  // namespace app
