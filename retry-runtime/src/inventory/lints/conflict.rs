//! One operation is retried in more than one way.

use std::collections::BTreeSet;

use super::super::site::SiteInfo;
use super::{Checked, Finding};

pub(super) fn check(checked: &Checked<'_>) -> Vec<Finding> {
    let heard = checked.heard.iter().copied();
    let known: Vec<SiteInfo> = heard.filter(|site| site.policy().is_some()).collect();
    let operations: BTreeSet<&str> = known.iter().map(SiteInfo::operation).collect();
    let findings = operations.into_iter().filter_map(|operation| {
        let same = known.iter().copied().filter(|site| site.operation() == operation);
        let sites: Vec<SiteInfo> = same.collect();
        let differ = sites.windows(2).any(|pair| pair[0].policy() != pair[1].policy());
        differ.then(|| {
            checked.finding(
                sites,
                format!(
                    "`{operation}` is the operation of sites with different policies, so that its events and metrics speak of all of them"
                ),
                "give each a name of its own, as in `operation = \"read_user\"`, or all the same policy".to_owned(),
            )
        })
    });
    findings.collect()
}
