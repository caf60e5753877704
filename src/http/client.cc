#include "http/client.h"

#include "http/client_loop.h"
#include "http/client_transfer.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <list>

namespace http {

namespace asio = boost::asio;

namespace {

// A request in flight. The coroutine owns it and sleeps on `woken`.
struct Flight {
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
class Landing {
public:
    Landing(ClientLoop& loop, CURL* easy, std::list<Flight*>& flights, Flight& flight)
        : loop_(loop), easy_(easy), flights_(flights), place_(flights.insert(flights.end(), &flight))
    {
    }
    Landing(const Landing&) = delete;
    Landing& operator=(const Landing&) = delete;
    ~Landing()
    {
        loop_.remove(easy_);
        flights_.erase(place_);
    }

private:
    ClientLoop& loop_;
    CURL* easy_;
    std::list<Flight*>& flights_;
    std::list<Flight*>::iterator place_;
};

// What coroutines keep alive although the client may be gone by the time they unwind.
struct Shared {
    Shared(asio::any_io_executor e, ClientOptions o)
        : options(std::move(o)), loop(ClientLoop::make(std::move(e)))
    {
    }

    ClientOptions options;
    std::shared_ptr<ClientLoop> loop;
    std::list<Flight*> flights;
    bool closed = false;
};

base::Task<ClientResponse> fly(std::shared_ptr<Shared> shared, ClientRequest request)
{
    Transfer transfer(std::move(request), shared->options);
    CO_CHECKED(transfer.prepare());
    Flight flight(co_await asio::this_coro::executor);
    const Landing landing(*shared->loop, transfer.easy(), shared->flights, flight);
    auto finished = [&flight](CURL*, CURLcode result) { flight.end(result); };
    if (!shared->loop->add(transfer.easy(), std::move(finished))) {
        co_return base::fail(base::Errc::internal, "libcurl takes no more requests");
    }
    while (!flight.result && !shared->closed) {
        boost::system::error_code ignored;
        co_await flight.woken.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    if (!flight.result) {
        co_return base::fail(base::Errc::unavailable, "the HTTP client was closed");
    }
    co_return transfer.outcome(*flight.result);
}

class CurlClient final : public Client {
public:
    CurlClient(asio::any_io_executor executor, ClientOptions options)
        : shared_(std::make_shared<Shared>(std::move(executor), std::move(options)))
    {
    }
    CurlClient(const CurlClient&) = delete;
    CurlClient& operator=(const CurlClient&) = delete;
    ~CurlClient() override
    {
        shared_->closed = true;
        for (auto* flight : shared_->flights) {
            flight->woken.cancel();
        }
    }

    base::Task<ClientResponse> send(ClientRequest request) override
    {
        return fly(shared_, std::move(request));
    }

private:
    std::shared_ptr<Shared> shared_;
};

}  // namespace

std::unique_ptr<Client> make_client(asio::any_io_executor executor, ClientOptions options)
{
    return std::make_unique<CurlClient>(std::move(executor), std::move(options));
}

}  // namespace http
