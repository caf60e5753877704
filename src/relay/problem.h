// Problem: why the server refuses (RFC 8555 6.7), and how it goes over the wire.
#pragma once

#include "base/result.h"
#include "http/message.h"

#include <boost/describe/class.hpp>

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace relay {

struct Identifier {
    std::string type;  // "dns" or "ip"
    std::string value;

    bool operator==(const Identifier&) const = default;
    auto operator<=>(const Identifier&) const = default;
};
BOOST_DESCRIBE_STRUCT(Identifier, (), (type, value))

struct SubProblem {
    Identifier identifier;
    std::string type;
    std::string detail;
};
BOOST_DESCRIBE_STRUCT(SubProblem, (), (identifier, type, detail))

struct Problem {
    Problem() = default;
    Problem(int s, std::string t, std::string d) : type(std::move(t)), detail(std::move(d)), status(s) {}

    std::string type;  // without "urn:ietf:params:acme:error:"; empty: none
    std::string detail;
    int status = 400;
    std::vector<SubProblem> subproblems;

    // What only the answer to this very request carries.
    std::optional<std::chrono::seconds> retry_after;
    bool retry_as_date = false;
    std::string help;      // Link, rel="help"
    std::string location;  // of the account that a key has already; where a page redirects to
    std::vector<std::string> algorithms;
    std::optional<std::string> page;  // the body, as a proxy in front of a CA writes it: HTML
    bool cut = false;                 // the connection ends without an answer

    bool none() const { return type.empty() && !page && !cut; }
};
BOOST_DESCRIBE_STRUCT(Problem, (), (type, detail, status, subproblems))

// A value, or why not.
template <class T = void>
class [[nodiscard]] Checked : public std::expected<T, Problem> {
public:
    using std::expected<T, Problem>::expected;
};

inline std::unexpected<Problem> refuse(int status, std::string type, std::string detail)
{
    return std::unexpected(Problem(status, std::move(type), std::move(detail)));
}
inline std::unexpected<Problem> malformed(std::string detail)
{
    return refuse(400, "malformed", std::move(detail));
}
inline std::unexpected<Problem> unauthorized(std::string detail)
{
    return refuse(403, "unauthorized", std::move(detail));
}

// A failure of our own parts: what does not exist is 404 malformed, as CAs say it; the rest is
// serverInternal, and logged.
Problem to_problem(const base::Error& error);

template <class T>
Checked<T> checked(base::Result<T> result)
{
    if (!result) {
        return std::unexpected(to_problem(result.error()));
    }
    if constexpr (std::is_void_v<T>) {
        return {};
    } else {
        return std::move(*result);
    }
}

// The document's text; `status` is in it.
std::string to_document(const Problem& problem);

}  // namespace relay
