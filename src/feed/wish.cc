#include "feed/wish.h"

#include <boost/json.hpp>

#include <algorithm>

namespace feed {

namespace {

namespace json = boost::json;

constexpr std::size_t longest_name = 255;
constexpr std::int64_t longest_keep = 86'400;

base::Result<json::object> wish_object(std::string_view text)
{
    boost::system::error_code error;
    auto value = json::parse(text, error);
    if (error || !value.is_object()) {
        return base::fail(base::Errc::invalid, "a wish is no JSON object");
    }
    return std::move(value.as_object());
}

std::string text_of(const json::object& object, std::string_view name)
{
    const auto* value = object.if_contains(name);
    const auto* found = value == nullptr ? nullptr : value->if_string();
    return found == nullptr ? std::string() : std::string(*found);
}

}  // namespace

std::string to_json(const model::Wish& wish)
{
    return json::serialize(json::object{{"name", wish.name}, {"client", wish.client}});
}

std::string to_json(const model::WishAnswer& answer)
{
    return json::serialize(json::object{{"granted", answer.granted},
                                        {"code", answer.code},
                                        {"message", answer.message},
                                        {"keep_s", answer.keep.count()}});
}

base::Result<model::Wish> wish_from_json(std::string_view text)
{
    TRY(object, wish_object(text));
    model::Wish wish{text_of(object, "name"), text_of(object, "client")};
    if (wish.name.empty() || wish.name.size() > longest_name || wish.client.size() > longest_name) {
        return base::fail(base::Errc::invalid, "a wish has a name of at most 255 characters");
    }
    return wish;
}

base::Result<model::WishAnswer> wish_answer_from_json(std::string_view text)
{
    TRY(object, wish_object(text));
    model::WishAnswer answer;
    const auto* granted = object.if_contains("granted");
    answer.granted = granted != nullptr && granted->is_bool() && granted->get_bool();
    answer.code = text_of(object, "code");
    answer.message = text_of(object, "message");
    const auto* keep = object.if_contains("keep_s");
    if (keep != nullptr && keep->is_int64()) {
        answer.keep = std::chrono::seconds(std::clamp<std::int64_t>(keep->get_int64(), 0, longest_keep));
    }
    return answer;
}

}  // namespace feed
