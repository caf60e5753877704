#include "relay/profile.h"

namespace relay {

std::map<std::string, Profile> usual_profiles()
{
    using std::chrono::hours;
    constexpr hours day{24};
    Profile classic;
    classic.description = "The default: 90 days, up to 100 names";
    Profile tlsserver;
    tlsserver.description = "45 days, up to 25 names, nothing that servers do not need";
    tlsserver.validity = 45 * day;
    tlsserver.pending_authorization = hours(1);
    tlsserver.valid_authorization = hours(7);
    tlsserver.order = hours(8);
    tlsserver.most_names = 25;
    tlsserver.common_name = false;
    tlsserver.subject_key_id = false;
    tlsserver.key_encipherment = false;
    Profile shortlived = tlsserver;
    shortlived.description = "160 hours, up to 25 names and addresses";
    shortlived.validity = hours(160);
    return {{"classic", classic}, {"tlsserver", tlsserver}, {"shortlived", shortlived}};
}

}  // namespace relay
