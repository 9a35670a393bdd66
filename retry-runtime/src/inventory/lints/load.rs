//! Retries add to the load until the circuit opens.

use super::{Checked, Finding};

pub(super) fn check(checked: &Checked<'_>) -> Vec<Finding> {
    checked.each(|site| {
        let breaker = site.guard("breaker")?;
        let retries = site.worst_case()?.attempts != Some(1);
        (retries && site.guard("budget").is_none()).then(|| {
            (
                format!(
                    "`{}` retries behind the {breaker} without a budget",
                    site.operation()
                ),
                "name a `Budget`, as in `budget = RETRIES`".to_owned(),
            )
        })
    })
}
