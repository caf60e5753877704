#include "http/client_flights.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace http {

namespace asio = boost::asio;

// The coroutine owns it and sleeps on `woken`.
struct Flights::Flight {
    explicit Flight(const asio::any_io_executor& executor)
        : woken(executor, asio::steady_timer::time_point::max())
    {
    }

    void end(CURLcode code)
    {
        result = code;
        woken.cancel();
    }

    std::optional<CURLcode> result;
    asio::steady_timer woken;
};

// Takes the easy handle back from libcurl, and the flight from the list, however the coroutine ends.
class Flights::Landing {
public:
    Landing(Flights& owner, CURL* easy, Flight& flight)
        : owner_(owner), easy_(easy), place_(owner.flights_.insert(owner.flights_.end(), &flight))
    {
    }
    Landing(const Landing&) = delete;
    Landing& operator=(const Landing&) = delete;
    ~Landing()
    {
        owner_.loop_->remove(easy_);
        owner_.flights_.erase(place_);
    }

private:
    Flights& owner_;
    CURL* easy_;
    std::list<Flight*>::iterator place_;
};

base::Task<CURLcode> Flights::fly(std::shared_ptr<Flights> flights, CURL* easy)
{
    Flight flight(co_await asio::this_coro::executor);
    const Landing landing(*flights, easy, flight);
    auto finished = [&flight](CURL*, CURLcode result) { flight.end(result); };
    if (!flights->loop_->add(easy, std::move(finished))) {
        co_return base::fail(base::Errc::internal, "libcurl takes no more requests");
    }
    while (!flight.result && !flights->closed_) {
        boost::system::error_code ignored;
        co_await flight.woken.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    if (!flight.result) {
        co_return base::fail(base::Errc::unavailable, "the HTTP client was closed");
    }
    co_return *flight.result;
}

void Flights::close()
{
    closed_ = true;
    for (auto* flight : flights_) {
        flight->woken.cancel();
    }
}

}  // namespace http
