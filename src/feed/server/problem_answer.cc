#include "feed/server/problem_answer.h"

#include <boost/json.hpp>

namespace feed {

namespace {

int status_of(const base::Error& error)
{
    switch (error.kind()) {
        case base::Errc::invalid:
            return 400;
        case base::Errc::unauthorized:
            return 401;
        case base::Errc::rate_limited:
            return 429;
        case base::Errc::unavailable:
        case base::Errc::timeout:
            return 503;
        default:
            return 500;
    }
}

}  // namespace

base::Task<> send_problem(http::Exchange& exchange, base::Error error)
{
    const int status = status_of(error);
    const boost::json::object problem{
        {"status", status},
        {"code", error.code()},
        {"detail", status == 500 ? std::string("internal error") : error.message()},
        {"fix", error.fix()}};
    co_return co_await http::send_text(exchange, status, "application/problem+json",
                                       boost::json::serialize(problem));
}

}  // namespace feed
