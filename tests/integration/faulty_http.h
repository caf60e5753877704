// An HTTP client between us and real servers that loses requests or answers, as networks do.
#pragma once

#include "http/client.h"

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace test {

struct Faults {
    std::set<std::string> unreachable;  // beginnings of URLs
    std::string lose_answer_of;         // part of a URL: the next request there is made, its answer lost
    std::size_t lost = 0;
    // Requests to URLs that begin so have this long; for networks that say nothing at all.
    std::map<std::string, std::chrono::milliseconds> limits;
    std::map<std::string, std::size_t> sent;  // by origin
};

class FaultyHttp final : public http::Client {
public:
    // `faults` outlives it.
    FaultyHttp(std::unique_ptr<http::Client> inner, Faults& faults)
        : inner_(std::move(inner)), faults_(faults)
    {
    }

    base::Task<http::ClientResponse> send(http::ClientRequest request) override
    {
        for (const auto& each : faults_.unreachable) {
            if (request.url.starts_with(each)) {
                co_return base::fail(base::Errc::unavailable, "cannot connect to " + each);
            }
        }
        for (const auto& [prefix, limit] : faults_.limits) {
            request.limit = request.url.starts_with(prefix) ? limit : request.limit;
        }
        ++faults_.sent[request.url.substr(0, request.url.find('/', request.url.find("://") + 3))];
        const bool loses = !faults_.lose_answer_of.empty() && request.url.contains(faults_.lose_answer_of);
        auto answer = co_await inner_->send(std::move(request));
        if (loses && answer && answer->status < 400) {
            faults_.lose_answer_of.clear();
            ++faults_.lost;
            co_return base::fail(base::Errc::timeout, "the answer was lost");
        }
        co_return answer;
    }

private:
    std::unique_ptr<http::Client> inner_;
    Faults& faults_;
};

}  // namespace test
