#include "http/client.h"

#include "http/client_flights.h"
#include "http/client_transfer.h"

namespace http {

namespace asio = boost::asio;

namespace {

// What coroutines keep alive although the client may be gone by the time they unwind.
struct Shared {
    Shared(asio::any_io_executor e, ClientOptions o)
        : options(std::move(o)), flights(std::make_shared<Flights>(std::move(e)))
    {
    }

    ClientOptions options;
    std::shared_ptr<Flights> flights;
};

base::Task<ClientResponse> send_with(std::shared_ptr<Shared> shared, ClientRequest request)
{
    Transfer transfer(std::move(request), shared->options);
    CO_CHECKED(transfer.prepare());
    CO_TRY(result, co_await Flights::fly(shared->flights, transfer.easy()));
    co_return transfer.outcome(result);
}

class CurlClient final : public Client {
public:
    CurlClient(asio::any_io_executor executor, ClientOptions options)
        : shared_(std::make_shared<Shared>(std::move(executor), std::move(options)))
    {
    }
    CurlClient(const CurlClient&) = delete;
    CurlClient& operator=(const CurlClient&) = delete;
    ~CurlClient() override { shared_->flights->close(); }

    base::Task<ClientResponse> send(ClientRequest request) override
    {
        return send_with(shared_, std::move(request));
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
