//! A library with 200 retried functions, one of which changes: how long `cargo check` takes, which an editor runs at every change.

use super::cargo::{Taken, cargo, figures};
use super::program::{ATTRIBUTE, BACKON, BACKON_MACROS, BARE, CALL, Program};
use super::workspace::{Workspace, crate_name};
use crate::case::{CHECK_200_FUNCTIONS, CHECK_200_FUNCTIONS_PROCESSOR};
use crate::figures::Figures;

const FUNCTIONS: usize = 200;
const PROGRAMS: [&Program; 5] = [&BARE, &ATTRIBUTE, &CALL, &BACKON, &BACKON_MACROS];

pub(super) fn measure(rounds: usize) -> Vec<Figures> {
    let workspace = Workspace::new("check");
    for program in PROGRAMS {
        let source = program.library(FUNCTIONS, 0);
        workspace.add(&crate_name(program.subject), program, "lib.rs", &source);
    }
    // All that they depend on, and each once: what follows only checks again what has changed.
    for program in PROGRAMS {
        check(&workspace, program, FUNCTIONS);
    }
    let mut taken: [Vec<Taken>; PROGRAMS.len()] = [const { Vec::new() }; PROGRAMS.len()];
    for round in 0..rounds {
        eprintln!(
            "check of {FUNCTIONS} functions, round {} of {rounds}",
            round + 1
        );
        for (program, taken) in PROGRAMS.iter().zip(&mut taken) {
            taken.push(check(&workspace, program, FUNCTIONS + 1 + round));
        }
    }
    let cases = [CHECK_200_FUNCTIONS, CHECK_200_FUNCTIONS_PROCESSOR];
    PROGRAMS
        .iter()
        .zip(&taken)
        .flat_map(|(program, taken)| figures(cases, program.subject, taken))
        .collect()
}

fn check(workspace: &Workspace, program: &Program, revision: usize) -> Taken {
    let package = crate_name(program.subject);
    workspace.change(&package, "lib.rs", &program.library(FUNCTIONS, revision));
    cargo(&workspace.folder, true, &["check", "--package", &package])
}
