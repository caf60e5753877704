// Fields: takes the members of a JSON object that a person or a script wrote, and remembers what is wrong.
#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <boost/json.hpp>

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace relay {

// Ask for every member that exists; finish() names the first that is wrong, or that nobody asked for.
class Fields {
public:
    explicit Fields(const boost::json::object& object) : object_(object) {}

    std::optional<std::string> text(std::string_view name);
    std::optional<std::vector<std::string>> texts(std::string_view name);
    std::optional<std::int64_t> number(std::string_view name, std::int64_t least, std::int64_t most);
    std::optional<bool> flag(std::string_view name);
    std::optional<base::Time> time(std::string_view name);
    std::optional<std::chrono::seconds> seconds(std::string_view name);
    std::optional<std::chrono::milliseconds> millis(std::string_view name);
    const boost::json::value* any(std::string_view name);

    base::Result<> finish() const;
    // The same without complaint about unknown members, which protocols ignore.
    base::Result<> well_typed() const;

private:
    void complain(std::string_view name, std::string_view wanted);

    const boost::json::object& object_;
    std::set<std::string, std::less<>> known_;
    std::string problem_;
};

// The text as one JSON object; invalid names `what`.
base::Result<boost::json::object> parse_object(std::string_view text, std::string_view what);

}  // namespace relay
