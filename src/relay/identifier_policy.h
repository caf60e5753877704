// IdentifierPolicy: which names an account may order, and whether it must prove them here.
#pragma once

#include "base/task.h"
#include "relay/records.h"

#include <string>
#include <vector>

namespace relay {

class IdentifierPolicy {
public:
    virtual ~IdentifierPolicy() = default;

    enum class Proof { needed, approved };
    struct Verdict {
        Problem problem;  // not none: refused
        Proof proof = Proof::needed;
    };
    // `identifier` is well formed; its value may begin with "*.".
    virtual base::Task<Verdict> judge(Account account, Identifier identifier) = 0;
};

// Public names by the rules of a public CA, except those that are blocked.
class PublicNames final : public IdentifierPolicy {
public:
    // Each blocked domain blocks all below it. `repeated_labels`: labels that betray recursive on-demand
    // issuance; a name with two equal ones in a row, or any three in a row, is refused when it has four
    // labels or more.
    PublicNames(std::vector<std::string> blocked, std::vector<std::string> repeated_labels)
        : blocked_(std::move(blocked)), repeated_labels_(std::move(repeated_labels))
    {
    }

    base::Task<Verdict> judge(Account account, Identifier identifier) override;

private:
    bool is_recursive(const std::string& name) const;

    std::vector<std::string> blocked_;
    std::vector<std::string> repeated_labels_;
};

}  // namespace relay
