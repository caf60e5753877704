// FieldReader: takes the members of a request body, or query parameters, and collects every problem. Internal
// to api/.
#pragma once

#include "api/problem_document.h"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace api {

// Ask for every member that exists, then look at problems(): it also names the members that nobody asked for.
class FieldReader {
public:
    explicit FieldReader(const json::object& body) : body_(body) {}
    // Query parameters; every value is a text.
    explicit FieldReader(const std::map<std::string, std::string>& query);

    std::optional<std::string> text(std::string_view name);
    std::string required_text(std::string_view name);
    std::optional<std::vector<std::string>> texts(std::string_view name);
    std::optional<std::vector<json::object>> objects(std::string_view name);
    std::optional<json::object> object(std::string_view name);
    std::optional<bool> flag(std::string_view name);
    // In [least, most].
    std::optional<std::int64_t> number(std::string_view name, std::int64_t least, std::int64_t most);
    std::optional<base::Time> time(std::string_view name);

    // One of the texts that `from` knows.
    template <class E>
    std::optional<E> choice(std::string_view name, base::Result<E> (*from)(std::string_view))
    {
        const auto given = text(name);
        return given ? chosen(name, from(*given)) : std::nullopt;
    }
    template <class E>
    std::optional<std::vector<E>> choices(std::string_view name, base::Result<E> (*from)(std::string_view))
    {
        const auto given = texts(name);
        if (!given) {
            return std::nullopt;
        }
        std::vector<E> made;
        for (const auto& each : *given) {
            if (auto one = chosen(name, from(each))) {
                made.push_back(*one);
            }
        }
        return made;
    }

    void add_problem(std::string_view name, std::string detail);
    // Takes over what is wrong within the member `name`, which `inner` has read.
    void add_problems(std::string_view name, FieldReader& inner);
    // A problem document with all problems at once; empty when all is well.
    std::optional<Answer> problems();

private:
    const json::value* take(std::string_view name);
    void find_unknown();

    template <class E>
    std::optional<E> chosen(std::string_view name, base::Result<E> result)
    {
        if (!result) {
            add_problem(name, result.error().message());
            return std::nullopt;
        }
        return *result;
    }

    json::object body_;
    bool query_ = false;
    std::set<std::string, std::less<>> known_;
    std::vector<FieldProblem> problems_;
};

}  // namespace api
