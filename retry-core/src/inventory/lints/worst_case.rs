//! A call can take longer than it should.

use super::super::written::Quoted;
use super::{Checked, Finding};

pub(super) fn check(checked: &Checked<'_>) -> Vec<Finding> {
    let Some(longest) = checked.longest else {
        return Vec::new();
    };
    checked.each(|site| {
        let worst = site.worst_case()?;
        let long = worst.bounded.is_none_or(|bounded| bounded > longest);
        long.then(|| {
            let longest = Quoted(longest);
            let takes = match worst.bounded {
                Some(_) => format!("can take {worst}"),
                None => "can take forever".to_owned(),
            };
            (
                format!("a call of `{}` {takes}, and should take {longest} at most", site.operation()),
                format!(
                    "write `deadline = {longest}`, or fewer attempts and shorter waits; a hint of the server is one of up to `retry_after_max`"
                ),
            )
        })
    })
}
