#pragma once

#include "push_targets.hpp"
#include "world.hpp"

#include "mlbuild/run/budget.hpp"

#include <vector>

namespace mlbuild::cli {

/// Holds each result against the budget of its spec and notes how much is used. What an image is compared with is
/// `budget.against`, else what is behind the first of the names that it is pushed to; the first push has nothing there.
void check_budgets(std::vector<BuildResult>& results, const std::vector<BuildRequest>& requests,
                   const std::vector<PushTarget>& targets, World& world);

/// Throws what is wrong with the name in `budget.against`, so that it can be told before any work.
void check_budget_place(const Spec& spec, const SpecVariant& variant);

}  // namespace mlbuild::cli
