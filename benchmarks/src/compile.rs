//! What it costs to build programs that use each: generated ones, with the versions of this workspace, in a folder below `target`.
//!
//! Building needs no network: the workspace's lock file goes with them.

mod cargo;
mod check;
mod clean_build;
mod machine_code;
mod program;
mod workspace;

use crate::case::{self, Case};
use crate::figures::Figures;

/// Measures what belongs to the cases, in so many interleaved rounds.
#[must_use]
pub fn measure(cases: &[Case], rounds: usize) -> Vec<Figures> {
    let wanted = |any: &[Case]| any.iter().any(|case| cases.contains(case));
    let mut figures = Vec::new();
    if wanted(&[case::CLEAN_BUILD, case::CLEAN_BUILD_PROCESSOR]) {
        figures.extend(clean_build::measure(rounds));
    }
    if wanted(&[
        case::CHECK_200_FUNCTIONS,
        case::CHECK_200_FUNCTIONS_PROCESSOR,
    ]) {
        figures.extend(check::measure(3 * rounds));
    }
    if wanted(&[
        case::MACHINE_CODE_PER_SITE,
        case::MACHINE_CODE_PER_SITE_SYNC,
    ]) {
        figures.extend(machine_code::measure());
    }
    figures
}
