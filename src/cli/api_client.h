// ApiClient: calls the API and waits. A command has nothing else to do meanwhile, so it blocks; one loop, one
// thread.
#pragma once

#include "base/result.h"
#include "http/client.h"

#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>

#include <memory>
#include <optional>
#include <string>

namespace cli {

namespace json = boost::json;

// What the API refused, as its problem document tells it.
struct Refusal {
    std::string code;
    std::string detail;
    std::string fix;
    int status = 0;

    // The token, not the thing asked for, is what is wrong.
    bool about_access() const;
};

struct Reply {
    int status = 0;
    json::value body;  // null when it was not JSON
    std::string text;  // as it came
    std::optional<Refusal> refusal;

    const json::object& object() const;
};

class ApiClient {
public:
    // `url`: e.g. http://127.0.0.1:8700; `trust_file`: PEM for an API behind a private CA.
    ApiClient(std::string url, std::string token, std::string trust_file);

    // Fails (unavailable, timeout, invalid) only when there was no answer.
    base::Result<Reply> call(std::string method, std::string path,
                             std::optional<json::value> body = std::nullopt);

    const std::string& url() const { return url_; }

private:
    std::string url_;
    std::string token_;
    boost::asio::io_context loop_{1};
    std::unique_ptr<http::Client> client_;
};

}  // namespace cli
