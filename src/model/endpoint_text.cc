#include "model/endpoint.h"
#include "model/enum_text.h"

namespace model {

namespace {

using detail::EnumTexts;

constexpr EnumTexts<EndpointKind, 2> endpoint_kinds{
    {{EndpointKind::external, "external"}, {EndpointKind::internal, "internal"}}};
constexpr EnumTexts<FilterAt, 2> filter_places{{{FilterAt::edge, "edge"}, {FilterAt::network, "network"}}};
constexpr EnumTexts<PlainHttp, 3> plain_http_ways{
    {{PlainHttp::redirect, "redirect"}, {PlainHttp::serve, "serve"}, {PlainHttp::refuse, "refuse"}}};
constexpr EnumTexts<KeyType, 2> key_types{
    {{KeyType::ecdsa_p256, "ecdsa_p256"}, {KeyType::rsa_2048, "rsa_2048"}}};
constexpr EnumTexts<ChallengeType, 3> challenge_types{{{ChallengeType::http_01, "http-01"},
                                                       {ChallengeType::dns_01, "dns-01"},
                                                       {ChallengeType::tls_alpn_01, "tls-alpn-01"}}};
constexpr EnumTexts<EndpointState, 8> endpoint_states{{
    {EndpointState::pending_dns, "pending_dns"},
    {EndpointState::issuing, "issuing"},
    {EndpointState::active, "active"},
    {EndpointState::degraded, "degraded"},
    {EndpointState::action_required, "action_required"},
    {EndpointState::parked, "parked"},
    {EndpointState::suspended, "suspended"},
    {EndpointState::deleting, "deleting"},
}};
constexpr EnumTexts<RecordPurpose, 3> purposes{{{RecordPurpose::routing, "routing"},
                                                {RecordPurpose::challenge, "challenge"},
                                                {RecordPurpose::ownership, "ownership"}}};
constexpr EnumTexts<RecordStatus, 5> record_statuses{{
    {RecordStatus::unknown, "unknown"},
    {RecordStatus::ok, "ok"},
    {RecordStatus::missing, "missing"},
    {RecordStatus::wrong, "wrong"},
    {RecordStatus::conflict, "conflict"},
}};
constexpr EnumTexts<ConditionStatus, 3> condition_statuses{
    {{ConditionStatus::unknown, "unknown"}, {ConditionStatus::yes, "true"}, {ConditionStatus::no, "false"}}};

}  // namespace

std::string_view to_string(EndpointKind value)
{
    return detail::enum_text(endpoint_kinds, value);
}
std::string_view to_string(FilterAt value)
{
    return detail::enum_text(filter_places, value);
}
std::string_view to_string(PlainHttp value)
{
    return detail::enum_text(plain_http_ways, value);
}
std::string_view to_string(KeyType value)
{
    return detail::enum_text(key_types, value);
}
std::string_view to_string(ChallengeType value)
{
    return detail::enum_text(challenge_types, value);
}
std::string_view to_string(EndpointState value)
{
    return detail::enum_text(endpoint_states, value);
}
std::string_view to_string(RecordPurpose value)
{
    return detail::enum_text(purposes, value);
}
std::string_view to_string(RecordStatus value)
{
    return detail::enum_text(record_statuses, value);
}
std::string_view to_string(ConditionStatus value)
{
    return detail::enum_text(condition_statuses, value);
}

base::Result<EndpointKind> endpoint_kind_from(std::string_view text)
{
    return detail::enum_from(endpoint_kinds, "kind", text);
}
base::Result<FilterAt> filter_at_from(std::string_view text)
{
    return detail::enum_from(filter_places, "filter_at", text);
}
base::Result<PlainHttp> plain_http_from(std::string_view text)
{
    return detail::enum_from(plain_http_ways, "plain_http", text);
}
base::Result<KeyType> key_type_from(std::string_view text)
{
    return detail::enum_from(key_types, "key type", text);
}
base::Result<ChallengeType> challenge_type_from(std::string_view text)
{
    return detail::enum_from(challenge_types, "challenge type", text);
}
base::Result<EndpointState> endpoint_state_from(std::string_view text)
{
    return detail::enum_from(endpoint_states, "state", text);
}
base::Result<RecordPurpose> record_purpose_from(std::string_view text)
{
    return detail::enum_from(purposes, "record purpose", text);
}
base::Result<RecordStatus> record_status_from(std::string_view text)
{
    return detail::enum_from(record_statuses, "record status", text);
}
base::Result<ConditionStatus> condition_status_from(std::string_view text)
{
    return detail::enum_from(condition_statuses, "condition status", text);
}

}  // namespace model
