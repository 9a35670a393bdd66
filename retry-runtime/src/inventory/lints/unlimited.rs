//! Nothing ends a call that keeps failing.

use super::{Checked, Finding};

pub(super) fn check(checked: &Checked<'_>) -> Vec<Finding> {
    checked.each(|site| {
        let endless = site.worst_case()?.attempts.is_none() && site.policy()?.max_elapsed().is_none();
        endless.then(|| {
            (
                format!(
                    "`{}` has neither a limit on attempts nor a deadline, so that a call may never end",
                    site.operation()
                ),
                "write a deadline, as in `deadline = \"5m\"`, or limit the attempts".to_owned(),
            )
        })
    })
}
