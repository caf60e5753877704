// Flights: transfers of libcurl that coroutines wait for. Only for the sources of clients on libcurl.
#pragma once

#include "base/task.h"
#include "http/client_loop.h"

#include <list>
#include <memory>
#include <optional>

namespace http {

// Held by its owner and by each flying coroutine, which may unwind after the owner is gone. Runs on one
// executor: no locks.
class Flights {
public:
    explicit Flights(boost::asio::any_io_executor executor) : loop_(ClientLoop::make(std::move(executor))) {}

    // Runs `easy` to its end. Fails only when it could not be run to its end: too many transfers, or close().
    static base::Task<CURLcode> fly(std::shared_ptr<Flights> flights, CURL* easy);
    // Ends every flight; later ones fail at once.
    void close();

private:
    struct Flight;
    class Landing;

    std::shared_ptr<ClientLoop> loop_;
    std::list<Flight*> flights_;
    bool closed_ = false;
};

}  // namespace http
