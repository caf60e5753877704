// Redirect: what a name answers with in place of an app behind it. Pool: a redirect for names that nobody
// added.
#pragma once

#include "base/result.h"
#include "model/domain_name.h"

#include <optional>
#include <string>
#include <string_view>

namespace model {

struct Redirect {
    std::string to;         // an http or https URL; {name} in it is the name asked for; empty: no redirect
    int status = 301;       // 301, 302, 307 or 308
    bool keep_path = true;  // path and query of the request follow

    bool none() const { return to.empty(); }
    bool operator==(const Redirect&) const = default;
};

// A group of edges that redirects every domain whose DNS leads to its addresses and to nothing else.
struct Pool {
    Redirect redirect;  // none: the group is not a pool
    int labels = 0;     // how many a name may have in front of its registrable domain

    bool none() const { return redirect.none(); }
    bool operator==(const Pool&) const = default;
};

bool is_redirect_status(int status);

// `to` with `name` in place of {name}.
std::string expand_target(std::string_view to, std::string_view name);

// host, or host:port where the port is not the scheme's own, of a URL in canonical form.
std::string_view target_authority(std::string_view url);

// The Location for a request of `host` and `target` (path and query). Empty where it would lead to `host`
// itself or where `host` has characters that no name has.
std::string redirect_location(const Redirect& redirect, std::string_view host, std::string_view target);

// What can be said of a name that a visitor asks a pool for without looking anything up: it is a name of the
// public DNS, not deeper than the pool allows, and neither it nor where it would lead looks like a recursion
// (www.www.example.com). Code name_not_for_pool.
base::Result<> check_pool_name(const Pool& pool, const DomainName& name);

}  // namespace model
