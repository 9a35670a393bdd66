//! What the subscriber `fmt` writes, compared with golden files.

use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, Mutex};

use expect_test::expect_file;
use tracing::{Level, Subscriber};
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::fmt::{self, MakeWriter};

use crate::TRACING;
use crate::script::{SCENES, Stage};

/// Keeps what is written, for a test to take.
#[derive(Clone, Default)]
pub(crate) struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    pub(crate) fn take(&self) -> String {
        let bytes = std::mem::take(&mut *self.0.lock().expect("no panic"));
        String::from_utf8(bytes).expect("subscribers write text")
    }
}

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Written {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// What a subscriber made by `subscriber` writes about all scenes.
fn script<S: Subscriber + Send + Sync + 'static>(subscriber: impl FnOnce(Written) -> S) -> String {
    let written = Written::default();
    let mut text = String::new();
    tracing::subscriber::with_default(subscriber(written.clone()), || {
        for (title, scene) in SCENES {
            scene(&Stage::new(&TRACING));
            writeln!(text, "# {title}\n{}", written.take()).expect("a string takes everything");
        }
    });
    text
}

#[test]
fn a_terminal_shows_what_is_retried_and_why_it_stops() {
    let text = script(|written| {
        fmt::fmt()
            .without_time()
            .with_ansi(false)
            .with_writer(written)
            .finish()
    });
    expect_file!["golden/terminal.txt"].assert_eq(&text);
}

#[test]
fn json_has_stable_names_and_fields() {
    let text = script(|written| {
        fmt::fmt()
            .json()
            .without_time()
            .with_max_level(Level::DEBUG)
            .with_span_events(FmtSpan::NEW | FmtSpan::CLOSE)
            .with_writer(written)
            .finish()
    });
    expect_file!["golden/json.txt"].assert_eq(&text);
}
