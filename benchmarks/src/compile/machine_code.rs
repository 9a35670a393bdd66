//! Machine code: what a hundred more retried functions add to a release build, divided by a hundred.

use std::process::Command;

use super::cargo::cargo;
use super::program::{ALL, Form, Program};
use super::workspace::{Workspace, crate_name};
use crate::case::{Case, MACHINE_CODE_PER_SITE, MACHINE_CODE_PER_SITE_SYNC};
use crate::figures::Figures;
use crate::workload::ready;

const MORE: u32 = 100;

pub(super) fn measure() -> Vec<Figures> {
    let forms = [
        (Form::Async, MACHINE_CODE_PER_SITE),
        (Form::Sync, MACHINE_CODE_PER_SITE_SYNC),
    ];
    let workspace = Workspace::new("machine-code");
    let mut figures = Vec::new();
    for (form, case) in forms {
        for program in ALL {
            if form == Form::Async || program.sync.is_some() {
                eprintln!("{}: {}", case.name, program.subject);
                figures.push(of(&workspace, program, form, case));
            }
        }
    }
    figures
}

fn of(workspace: &Workspace, program: &Program, form: Form, case: Case) -> Figures {
    let name = crate_name(program.subject);
    let text = |functions| {
        workspace.add(&name, program, "main.rs", &program.main(form, functions));
        cargo(
            &workspace.folder,
            false,
            &["build", "--release", "--package", &name],
        );
        section(workspace, &name)
    };
    let (one, many) = (text(1), text(1 + MORE as usize));
    Figures {
        bytes: one
            .zip(many)
            .map(|(one, many)| (many - one) / f64::from(MORE)),
        ..Figures::new(case, program.subject)
    }
}

/// The size of the program's section of machine code, if there is a tool that says it.
fn section(workspace: &Workspace, name: &str) -> Option<f64> {
    let program = workspace.folder.join("target/release").join(name);
    let output = ready(Command::new("size").arg("-A").arg(program).output());
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = said.lines().find(|line| line.starts_with(".text "))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
