// Where an edge takes its wishes: to a control node, in this process or another one.
#pragma once

#include "base/task.h"
#include "model/wish.h"

#include <string>
#include <string_view>

namespace feed {

class WishDesk {
public:
    virtual ~WishDesk() = default;
    // Errors: nobody could decide (control is away); ask again later.
    virtual base::Task<model::WishAnswer> wish(model::Wish wish) = 0;
};

std::string to_json(const model::Wish& wish);
std::string to_json(const model::WishAnswer& answer);
base::Result<model::Wish> wish_from_json(std::string_view text);
base::Result<model::WishAnswer> wish_answer_from_json(std::string_view text);

}  // namespace feed
