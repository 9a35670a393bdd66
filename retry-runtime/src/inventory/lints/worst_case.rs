//! A call can take longer than it should.

use super::super::written::Quoted;
use super::{Checked, Finding};
use crate::readable::Readable;

pub(super) fn check(checked: &Checked<'_>) -> Vec<Finding> {
    let Some(longest) = checked.longest else {
        return Vec::new();
    };
    checked.each(|site| {
        let worst = site.worst_case()?;
        let long = worst.bounded.is_none_or(|bounded| bounded > longest);
        long.then(|| {
            let takes = match worst.bounded {
                Some(_) => format!("can take {worst}"),
                None => "can take forever".to_owned(),
            };
            (
                format!(
                    "a call of `{}` {takes}, and should take {} at most",
                    site.operation(),
                    Readable(longest)
                ),
                format!(
                    "write `deadline = {}`, or fewer attempts and shorter waits, `retry_after_max` among them",
                    Quoted(longest)
                ),
            )
        })
    })
}
