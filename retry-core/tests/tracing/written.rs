//! What the subscriber `fmt` writes, compared with golden files.

use std::io;
use std::sync::{Arc, Mutex};

use expect_test::expect_file;
use tracing::{Dispatch, Level, dispatcher, info_span};
use tracing_subscriber::fmt;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::TRACING;
use crate::scenes::{SCENES, Scene};
use crate::support::{EACH_SECOND, TRANSIENT};

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

/// A subscriber like that of most programs.
fn terminal(written: &Written) -> Dispatch {
    let subscriber = fmt()
        .without_time()
        .with_ansi(false)
        .with_writer(written.clone());
    Dispatch::new(subscriber.finish())
}

/// All that can be told, for programs.
fn json(written: &Written) -> Dispatch {
    let subscriber = fmt()
        .json()
        .without_time()
        .with_max_level(Level::DEBUG)
        .with_span_events(FmtSpan::NEW | FmtSpan::CLOSE)
        .with_writer(written.clone());
    Dispatch::new(subscriber.finish())
}

/// One that only spans are about.
static IN_THE_CALLERS_SPAN: Scene = Scene::new("in_the_callers_span", |stage| {
    let _entered = info_span!(target: "app", "request", id = 7).entered();
    stage.call(&EACH_SECOND, [Err(TRANSIENT), Ok(7)]);
});

/// What is written about all scenes.
fn transcript(subscriber: fn(&Written) -> Dispatch) -> String {
    let written = Written::default();
    dispatcher::with_default(&subscriber(&written), || {
        let scenes = SCENES.iter().chain([&IN_THE_CALLERS_SPAN]);
        scenes
            .map(|scene| scene.transcript(TRACING, || written.take()))
            .collect()
    })
}

#[test]
fn a_terminal_shows_what_is_retried_and_why_it_stops() {
    expect_file!["golden/terminal.txt"].assert_eq(&transcript(terminal));
}

#[test]
fn json_has_stable_names_and_fields() {
    expect_file!["golden/json.txt"].assert_eq(&transcript(json));
}

#[cfg(feature = "macros")]
#[test]
fn the_documentation_shows_what_a_terminal_shows() {
    use retry_core::observe::TracingObserver;

    static OBSERVER: TracingObserver = TracingObserver::new();

    #[retry_core::retry(attempts = 2, backoff = fixed("250ms"), observe = OBSERVER)]
    fn fetch_user() -> io::Result<String> {
        let text = "connection reset by peer";
        Err(io::Error::new(io::ErrorKind::ConnectionReset, text))
    }
    let written = Written::default();
    dispatcher::with_default(&terminal(&written), || {
        let _installed = retry_core::testing::ManualClock::new().install();
        assert!(fetch_user().is_err());
    });
    expect_file!["../../../retry-runtime/src/observe/tracing/terminal.txt"]
        .assert_eq(&written.take());
}
