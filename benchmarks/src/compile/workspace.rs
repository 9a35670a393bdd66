//! A generated workspace: a crate for each program.

use std::fs;
use std::path::{Path, PathBuf};

use super::program::Program;
use crate::workload::ready;

/// The workspace that this package belongs to.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

pub(super) struct Workspace {
    pub(super) folder: PathBuf,
}

impl Workspace {
    /// An empty one, in place of the last run's. What is built there stays.
    pub(super) fn new(name: &str) -> Self {
        let folder = Path::new(ROOT).join("target/compare").join(name);
        let _ = fs::remove_dir_all(folder.join("crates"));
        ready(fs::create_dir_all(folder.join("crates")));
        let manifest = "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n";
        write(&folder.join("Cargo.toml"), manifest);
        let lock = ready(fs::read_to_string(Path::new(ROOT).join("Cargo.lock")));
        write(&folder.join("Cargo.lock"), &lock);
        Self { folder }
    }

    /// Adds a crate of this name with this source, in `main.rs` or `lib.rs`.
    pub(super) fn add(&self, name: &str, program: &Program, file: &str, source: &str) {
        let folder = self.folder.join("crates").join(name);
        ready(fs::create_dir_all(folder.join("src")));
        let dependencies = program
            .dependencies
            .replace("RETRY_CORE", &format!("{ROOT}/retry-core"));
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n{dependencies}\n\
             tokio = {{ version = \"1\", features = [\"rt\", \"time\"] }}\n"
        );
        write(&folder.join("Cargo.toml"), &manifest);
        self.change(name, file, source);
    }

    /// Changes its source.
    pub(super) fn change(&self, name: &str, file: &str, source: &str) {
        let folder = self.folder.join("crates").join(name);
        write(&folder.join("src").join(file), source);
    }
}

fn write(path: &Path, text: &str) {
    ready(fs::write(path, text));
}

/// A subject's name as that of a crate.
pub(super) fn crate_name(subject: &str) -> String {
    format!("uses-{}", subject.replace([' ', '_'], "-"))
}
