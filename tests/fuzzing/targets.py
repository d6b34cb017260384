"""All targets, by name."""

import targets_index
import targets_report
import targets_repository
import targets_results

TARGETS = {
    target.name: target
    for module in (targets_repository, targets_index, targets_results, targets_report)
    for target in module.TARGETS
}
