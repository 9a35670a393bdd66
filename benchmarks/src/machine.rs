//! Where and with what it was measured.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::SystemTime;

use crate::parties;

/// The lines under the title of the results.
#[must_use]
pub fn describe() -> Vec<(&'static str, String)> {
    let cores = thread::available_parallelism().map_or(0, usize::from);
    vec![
        ("date", date()),
        ("processor", format!("{}, {cores} cores", processor())),
        ("system", said_by("uname", &["-sr"])),
        ("compiler", said_by("rustc", &["--version"])),
        ("counted by", said_by("valgrind", &["--version"])),
    ]
}

fn date() -> String {
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    now.split('T').next().unwrap_or_default().to_owned()
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == "model name").then(|| value.trim().to_owned())
    });
    model.unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

fn said_by(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(
        |_| "unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

/// Each peer's version, from the workspace's lock file.
#[must_use]
pub fn versions() -> Vec<(&'static str, String)> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let lock = fs::read_to_string(root.join("Cargo.lock")).unwrap_or_default();
    parties::all()
        .filter(|party| parties::is_peer(party.name))
        .filter_map(|party| Some((party.name, version_in(&lock, party.name)?)))
        .collect()
}

fn version_in(lock: &str, package: &str) -> Option<String> {
    let (_, behind) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    Some(behind.split_once('"')?.0.to_owned())
}
