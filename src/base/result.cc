#include "base/result.h"

namespace base {

std::string_view to_string(Errc code)
{
    switch (code) {
        case Errc::invalid:
            return "invalid";
        case Errc::not_found:
            return "not_found";
        case Errc::conflict:
            return "conflict";
        case Errc::unauthorized:
            return "unauthorized";
        case Errc::rate_limited:
            return "rate_limited";
        case Errc::unavailable:
            return "unavailable";
        case Errc::timeout:
            return "timeout";
        case Errc::internal:
            return "internal";
    }
    return "internal";
}

Error Error::with_context(std::string_view context) &&
{
    message_ = std::string(context) + ": " + message_;
    return std::move(*this);
}

Error Error::with_code(std::string code) &&
{
    code_ = std::move(code);
    return std::move(*this);
}

Error Error::with_fix(std::string fix) &&
{
    fix_ = std::move(fix);
    return std::move(*this);
}

Error Error::with_retry_after(std::chrono::seconds wait) &&
{
    retry_after_ = wait;
    return std::move(*this);
}

}  // namespace base
