#include "model/certificate.h"

#include "model/enum_text.h"

#include <algorithm>

namespace model {

namespace {

constexpr detail::EnumTexts<CertificateSource, 4> sources{{
    {CertificateSource::managed, "managed"},
    {CertificateSource::uploaded, "uploaded"},
    {CertificateSource::transitional, "transitional"},
    {CertificateSource::platform, "platform"},
}};
constexpr detail::EnumTexts<CertificateState, 4> certificate_states{{
    {CertificateState::live, "live"},
    {CertificateState::superseded, "superseded"},
    {CertificateState::revoked, "revoked"},
    {CertificateState::deleted, "deleted"},
}};
constexpr detail::EnumTexts<KeyRotation, 4> rotations{{
    {KeyRotation::none, "none"},
    {KeyRotation::draining, "draining"},
    {KeyRotation::changing, "changing"},
    {KeyRotation::publishing, "publishing"},
}};
constexpr detail::EnumTexts<CaState, 3> ca_states{{
    {CaState::healthy, "healthy"},
    {CaState::failing, "failing"},
    {CaState::probing, "probing"},
}};

}  // namespace

std::string_view to_string(CertificateSource value)
{
    return detail::enum_text(sources, value);
}
std::string_view to_string(CertificateState value)
{
    return detail::enum_text(certificate_states, value);
}

std::string_view to_string(KeyRotation value)
{
    return detail::enum_text(rotations, value);
}
std::string_view to_string(CaState value)
{
    return detail::enum_text(ca_states, value);
}

base::Result<KeyRotation> key_rotation_from(std::string_view text)
{
    return detail::enum_from(rotations, "step of a key rotation", text);
}

base::Result<CaState> ca_state_from(std::string_view text)
{
    return detail::enum_from(ca_states, "state of a CA", text);
}

bool CaAccount::takes(KeyType type) const
{
    return key_types.empty() || std::ranges::find(key_types, type) != key_types.end();
}

base::Result<CertificateSource> certificate_source_from(std::string_view text)
{
    return detail::enum_from(sources, "certificate source", text);
}

base::Result<CertificateState> certificate_state_from(std::string_view text)
{
    return detail::enum_from(certificate_states, "certificate state", text);
}

std::string certificate_context(const Certificate& certificate)
{
    return "certificate/" + certificate.id + "/" + certificate.tenant;
}

base::Time renewal_time(base::Time not_before, base::Time not_after)
{
    const auto lifetime = not_after - not_before;
    const auto left = lifetime < std::chrono::days(10) ? lifetime / 2 : lifetime / 3;
    return not_after - left;
}

}  // namespace model
