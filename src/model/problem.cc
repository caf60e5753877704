#include "model/problem.h"

#include "model/enum_text.h"

namespace model {

namespace {

constexpr detail::EnumTexts<Actor, 4> actor_texts{{
    {Actor::none, "none"},
    {Actor::customer, "customer"},
    {Actor::platform, "platform"},
    {Actor::ca, "ca"},
}};

}  // namespace

std::string_view to_string(Actor actor)
{
    return detail::enum_text(actor_texts, actor);
}

Actor actor_from(std::string_view text)
{
    return detail::enum_from(actor_texts, "actor", text).value_or(Actor::none);
}

}  // namespace model
