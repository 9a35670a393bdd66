//! A program with one retried function, built with all that it depends on into an empty folder, as `cargo build` does by default.

use std::fs;

use super::cargo::{Taken, cargo, figures};
use super::program::{ALL, Form};
use super::workspace::{Workspace, crate_name};
use crate::case::{CLEAN_BUILD, CLEAN_BUILD_PROCESSOR};
use crate::figures::Figures;

pub(super) fn measure(rounds: usize) -> Vec<Figures> {
    let workspace = Workspace::new("clean-build");
    for program in ALL {
        let source = program.main(Form::Async, 1);
        workspace.add(&crate_name(program.subject), program, "main.rs", &source);
    }
    let mut taken: Vec<Vec<Taken>> = ALL.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        for (program, taken) in ALL.iter().zip(&mut taken) {
            eprintln!(
                "clean build, round {} of {rounds}: {}",
                round + 1,
                program.subject
            );
            taken.push(build(&workspace, &crate_name(program.subject)));
        }
    }
    ALL.iter()
        .zip(&taken)
        .flat_map(|(program, taken)| {
            let [mut wall, processor] =
                figures([CLEAN_BUILD, CLEAN_BUILD_PROCESSOR], program.subject, taken);
            wall.crates = taken.first().map(|taken| taken.packages);
            [wall, processor]
        })
        .collect()
}

fn build(workspace: &Workspace, package: &str) -> Taken {
    let target = workspace.folder.join("target");
    let _ = fs::remove_dir_all(&target);
    // Not incrementally: so cargo builds what comes from a registry, where ours would come from too.
    cargo(&workspace.folder, false, &["build", "--package", package])
}
