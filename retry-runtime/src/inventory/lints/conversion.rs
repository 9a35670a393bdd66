//! An attempt that is cut leaves no error behind.

use super::{Checked, Finding};

pub(super) fn check(checked: &Checked<'_>) -> Vec<Finding> {
    checked.each(|site| {
        site.policy()?.max_attempt_duration()?;
        (site.is_async() && !site.carries_stops()).then(|| {
            (
                format!(
                    "an attempt of `{}` can be cut, and its error type cannot be made from `Stopped`: the outcome then holds no error",
                    site.operation()
                ),
                "implement `From<Stopped>` for the error type".to_owned(),
            )
        })
    })
}
