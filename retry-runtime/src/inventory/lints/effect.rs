//! Nothing cuts an attempt of a blocking function.

use super::{Checked, Finding};
use crate::readable::Readable;

pub(super) fn check(checked: &Checked<'_>) -> Vec<Finding> {
    checked.each(|site| {
        let timeout = site.policy()?.max_attempt_duration()?;
        (!site.is_async()).then(|| {
            (
                format!(
                    "`{}` is blocking, so that the attempt timeout of {} in its policy cuts nothing",
                    site.operation(),
                    Readable(timeout)
                ),
                "make it async, or use a policy without an attempt timeout".to_owned(),
            )
        })
    })
}
