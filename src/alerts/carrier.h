// Carriers: each takes one delivery to its receiver, once. Trying again is the courier's business.
#pragma once

#include "alerts/options.h"
#include "base/clock.h"
#include "crypto/sealer.h"
#include "http/client.h"
#include "http/mail_sender.h"

#include <boost/asio/thread_pool.hpp>

#include <memory>

namespace alerts {

class Carrier {
public:
    virtual ~Carrier() = default;
    // The receiver has it when this returns. A failure of kind invalid or not_found is about this delivery or
    // the channel's settings; any other one is about the receiver, which is then left alone for a while.
    virtual base::Task<> carry(model::Channel channel, model::Delivery delivery) = 0;
};

// What carriers reach the world with. All must outlive them.
struct Outside {
    http::MailSender* mail = nullptr;  // null: no mail server is configured
    http::Client& operators_web;       // for webhooks of the operator: any address
    http::Client& tenants_web;         // for those of tenants: under the address policy
    boost::asio::thread_pool& pool;    // for commands
};

std::unique_ptr<Carrier> make_mail_carrier(http::MailSender* mail, const Options& options);
std::unique_ptr<Carrier> make_webhook_carrier(http::Client& operators_web, http::Client& tenants_web,
                                              const crypto::Sealer& sealer, base::Clock& clock);
std::unique_ptr<Carrier> make_exec_carrier(boost::asio::thread_pool& pool, const Options& options);

// The one that `kind` needs.
class Carriers {
public:
    Carriers(const Outside& outside, const crypto::Sealer& sealer, base::Clock& clock,
             const Options& options);
    Carrier& of(model::ChannelKind kind);

private:
    std::unique_ptr<Carrier> mail_;
    std::unique_ptr<Carrier> webhook_;
    std::unique_ptr<Carrier> exec_;
};

}  // namespace alerts
