#include "model/order.h"

#include "model/enum_text.h"

namespace model {

namespace {

constexpr detail::EnumTexts<OrderStatus, 10> statuses{{
    {OrderStatus::queued, "queued"},
    {OrderStatus::preflight, "preflight"},
    {OrderStatus::reserved, "reserved"},
    {OrderStatus::ordered, "ordered"},
    {OrderStatus::answering, "answering"},
    {OrderStatus::proving, "proving"},
    {OrderStatus::finalizing, "finalizing"},
    {OrderStatus::issued, "issued"},
    {OrderStatus::deployed, "deployed"},
    {OrderStatus::failed, "failed"},
}};

}  // namespace

bool is_final(OrderStatus status)
{
    return status == OrderStatus::deployed || status == OrderStatus::failed;
}

std::string_view to_string(OrderStatus value)
{
    return detail::enum_text(statuses, value);
}

base::Result<OrderStatus> order_status_from(std::string_view text)
{
    return detail::enum_from(statuses, "order status", text);
}

}  // namespace model
