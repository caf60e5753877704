#include "model/records.h"

#include "model/enum_text.h"

namespace model {

namespace {

constexpr detail::EnumTexts<RevisionKind, 8> revision_kinds{{
    {RevisionKind::route, "route"},
    {RevisionKind::certificate, "certificate"},
    {RevisionKind::token, "token"},
    {RevisionKind::alias, "alias"},
    {RevisionKind::txt, "txt"},
    {RevisionKind::group, "group"},
    {RevisionKind::zone, "zone"},
    {RevisionKind::records, "records"},
}};

constexpr detail::EnumTexts<ZoneKind, 3> zone_kinds{{
    {ZoneKind::platform, "platform"},
    {ZoneKind::challenge, "challenge"},
    {ZoneKind::fixed, "static"},
}};

}  // namespace

std::string_view to_string(RevisionKind value)
{
    return detail::enum_text(revision_kinds, value);
}

base::Result<RevisionKind> revision_kind_from(std::string_view text)
{
    return detail::enum_from(revision_kinds, "revision kind", text);
}

std::string_view to_string(ZoneKind value)
{
    return detail::enum_text(zone_kinds, value);
}

base::Result<ZoneKind> zone_kind_from(std::string_view text)
{
    return detail::enum_from(zone_kinds, "kind of zone", text);
}

}  // namespace model
