// Failures are values: Result<T> for functions, Task<T> for coroutines.
//
// An Error carries a class that code branches on (Errc), a stable code and a fix for people (DESIGN: every
// failure has a code, a sentence, an actor and a fix), and an optional time to wait. Exceptions mean "bug",
// "out of memory" or "cancelled"; only TaskGroup and main catch them.
#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace base {

// What a caller can do about a failure. A value exists only if some code branches on it.
enum class Errc {
    invalid,       // the input is wrong; the same call will fail again
    not_found,     // the thing asked for does not exist
    conflict,      // it exists already, or somebody else changed it first
    unauthorized,  // who asks may not do this
    rate_limited,  // too much, too fast: see retry_after
    unavailable,   // the other side is not there or failing; trying later may work
    timeout,       // a bounded wait ended
    internal,      // our own fault
};

std::string_view to_string(Errc code);

class [[nodiscard]] Error {
public:
    Error(Errc kind, std::string message) : kind_(kind), message_(std::move(message)) {}

    Errc kind() const { return kind_; }
    // A sentence for a person, with context in front ("issue shop.example: ...").
    const std::string& message() const { return message_; }
    // The stable code of the condition (e.g. "name_in_use"); empty when none applies.
    const std::string& code() const { return code_; }
    // What a person does about it; empty when unknown.
    const std::string& fix() const { return fix_; }
    std::optional<std::chrono::seconds> retry_after() const { return retry_after_; }

    Error with_context(std::string_view context) &&;
    Error with_code(std::string code) &&;
    Error with_fix(std::string fix) &&;
    Error with_retry_after(std::chrono::seconds wait) &&;

private:
    Errc kind_;
    std::string message_;
    std::string code_;
    std::string fix_;
    std::optional<std::chrono::seconds> retry_after_;
};

// std::expected with [[nodiscard]], which libstdc++ 12 leaves out: a dropped failure must not compile.
template <class T = void>
class [[nodiscard]] Result : public std::expected<T, Error> {
public:
    using std::expected<T, Error>::expected;
};

inline std::unexpected<Error> fail(Errc kind, std::string message)
{
    return std::unexpected(Error(kind, std::move(message)));
}
inline std::unexpected<Error> fail(Error error)
{
    return std::unexpected(std::move(error));
}

}  // namespace base

// TRY(name, expression): binds the value of a Result to `name`, or returns its error from this function.
// CHECKED(expression): the same for Result<void>. CO_TRY and CO_CHECKED are for coroutines; their expression
// may co_await.
#define TRY(name, ...)                                        \
    auto name##_or = __VA_ARGS__;                             \
    if (!name##_or) {                                         \
        return std::unexpected(std::move(name##_or).error()); \
    }                                                         \
    [[maybe_unused]] auto& name = *name##_or
#define CHECKED(...)                                                   \
    do {                                                               \
        if (auto checked_result = __VA_ARGS__; !checked_result) {      \
            return std::unexpected(std::move(checked_result).error()); \
        }                                                              \
    } while (false)
#define CO_TRY(name, ...)                                        \
    auto name##_or = __VA_ARGS__;                                \
    if (!name##_or) {                                            \
        co_return std::unexpected(std::move(name##_or).error()); \
    }                                                            \
    [[maybe_unused]] auto& name = *name##_or
#define CO_CHECKED(...)                                                   \
    do {                                                                  \
        if (auto checked_result = __VA_ARGS__; !checked_result) {         \
            co_return std::unexpected(std::move(checked_result).error()); \
        }                                                                 \
    } while (false)
