//! Runs the examples as a newcomer would, and reads what they print. Their delays are real: it takes a few seconds.

mod circuit_breaker;
mod connection_pool;
mod inventory;
mod llm_pipeline;
mod opentelemetry;
mod prometheus;
mod quickstart;
mod worker;

use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn run(name: &str, arguments: &[&str]) -> Output {
    let mut command = command(name);
    let output = command.args(arguments).output();
    output.unwrap_or_else(|error| cannot_run(name, &command, &error))
}

/// `cargo test` builds the examples, next to the folder of the tests.
fn command(name: &str) -> Command {
    let test = env::current_exe().expect("a test knows where it is");
    let profile = test.ancestors().nth(2).expect("tests are in `deps`");
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    let example: PathBuf = [profile.as_os_str(), "examples".as_ref(), file.as_ref()]
        .iter()
        .collect();
    let mut command = Command::new(&example);
    for proxy in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    command
}

fn cannot_run(name: &str, command: &Command, error: &io::Error) -> ! {
    let example = Path::new(command.get_program()).display();
    panic!("cannot run {example}: {error}; `cargo build --example {name}` builds it")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("the example prints text")
}

/// What an example prints that needs no arguments.
fn printed_by(name: &str) -> String {
    let output = run(name, &[]);
    let printed = text(&output.stdout).to_owned();
    println!("{printed}");
    assert_eq!(text(&output.stderr), "");
    assert!(output.status.success());
    printed
}

/// The figures in a text, as whole numbers.
fn figures(text: &str) -> Vec<usize> {
    text.split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect()
}

/// The line that begins so, without its beginning.
fn line<'a>(printed: &'a str, beginning: &str) -> &'a str {
    let mut lines = printed.lines().map(str::trim_start);
    lines
        .find_map(|line| line.strip_prefix(beginning))
        .unwrap_or_else(|| panic!("no line begins with `{beginning}` in:\n{printed}"))
}
