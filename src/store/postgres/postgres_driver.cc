#include "store/postgres/postgres_driver.h"

#include "store/postgres/postgres_connection.h"

namespace postgres {

namespace {

class Driver final : public sql::Driver {
public:
    explicit Driver(std::string url) : url_(std::move(url)) {}

    base::Result<std::unique_ptr<sql::Connection>> open(sql::Access access) override
    {
        TRY(connection, Connection::open(url_, access));
        return std::unique_ptr<sql::Connection>(std::move(connection));
    }

private:
    std::string url_;
};

}  // namespace

std::unique_ptr<sql::Driver> make_driver(std::string url)
{
    return std::make_unique<Driver>(std::move(url));
}

}  // namespace postgres
