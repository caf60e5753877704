// RecordingNeeds: remembers which endpoints can have their certificate.
#pragma once

#include "diagnosis/watch.h"

#include <set>
#include <string>

namespace test {

class RecordingNeeds final : public diagnosis::NeedsCertificate {
public:
    base::Result<bool> needs_certificate(store::Transaction&, const model::Endpoint& endpoint,
                                         base::Time) override
    {
        asked.insert(endpoint.id);  // On the store's thread; read after the write has ended.
        return true;
    }
    void wake() override { ++woken; }

    std::set<std::string> asked;
    int woken = 0;
};

}  // namespace test
