#include "alerts/carrier.h"

namespace alerts {

Carriers::Carriers(const Outside& outside, const crypto::Sealer& sealer, base::Clock& clock,
                   const Options& options)
    : mail_(make_mail_carrier(outside.mail, options)),
      webhook_(make_webhook_carrier(outside.operators_web, outside.tenants_web, sealer, clock)),
      exec_(make_exec_carrier(outside.pool, options))
{
}

Carrier& Carriers::of(model::ChannelKind kind)
{
    switch (kind) {
        case model::ChannelKind::email:
            return *mail_;
        case model::ChannelKind::webhook:
            return *webhook_;
        case model::ChannelKind::exec:
            break;
    }
    return *exec_;
}

}  // namespace alerts
