//! Exactly what is told of each way that a call can go, event by event and field by field.

mod scenes;
mod support;

use std::collections::BTreeSet;
use std::fmt::{self, Display};
use std::sync::Mutex;

use expect_test::expect_file;
use retry_core::testing::Recorder;
use retry_core::{Event, Observer};
use scenes::{SCENES, play_all};

/// An observer that writes a line for each event.
struct Lines(Mutex<String>);

impl Lines {
    fn take(&self) -> String {
        std::mem::take(&mut *self.0.lock().expect("no panic while locked"))
    }
}

impl Observer for Lines {
    fn on_event(&self, event: &Event<'_>) {
        let line = Line(event).to_string();
        let mut lines = self.0.lock().expect("no panic while locked");
        lines.push_str(&line);
        lines.push('\n');
    }
}

/// The fields that apply, in the order of their declaration.
struct Line<'a>(&'a Event<'a>);

impl Display for Line<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(event) = self;
        let (kind, operation) = (event.kind, event.operation);
        write!(formatter, "{kind} operation={operation}")?;
        write!(formatter, " attempt={}", event.attempt)?;
        let mut field = |name: &str, value: Option<String>| match value {
            Some(value) => write!(formatter, " {name}={value}"),
            None => Ok(()),
        };
        field("delay", event.delay.map(|it| format!("{it:?}")))?;
        field("wait", event.wait.map(|it| format!("{it:?}")))?;
        field("elapsed", Some(format!("{:?}", event.elapsed)))?;
        field("duration", event.duration.map(|it| format!("{it:?}")))?;
        field("class", event.class.map(|it| it.to_string()))?;
        field("cause", event.cause.map(|it| it.to_string()))?;
        field("stop_reason", event.stop_reason.map(|it| it.to_string()))?;
        field("error", event.error.map(|it| format!("\"{it}\"")))?;
        field("error_type", event.error_type.map(str::to_owned))?;
        field("guard", event.guard.map(str::to_owned))?;
        field("transition", event.transition.map(|it| it.to_string()))?;
        field("breaker", event.breaker.map(|it| it.name().to_owned()))?;
        field("budget", event.budget.map(|it| it.name().to_owned()))?;
        field("bulkhead", event.bulkhead.map(|it| it.name().to_owned()))
    }
}

#[test]
fn each_scene_has_these_events_with_either_driver() {
    static LINES: Lines = Lines(Mutex::new(String::new()));
    let transcript: String = SCENES
        .iter()
        .map(|scene| scene.transcript(&LINES, || LINES.take()))
        .collect();
    expect_file!["golden/events.txt"].assert_eq(&transcript);
}

#[test]
fn the_scenes_have_every_kind_of_event_and_every_reason_to_stop() {
    static RECORDER: Recorder = Recorder::new();
    play_all(&RECORDER);
    let events = RECORDER.events();
    let kinds: BTreeSet<_> = events.iter().map(|event| event.kind).collect();
    let reasons: BTreeSet<_> = events
        .iter()
        .filter_map(|event| event.stop_reason)
        .collect();
    assert_eq!(kinds.len(), 18, "{kinds:?}");
    assert_eq!(reasons.len(), 11, "{reasons:?}");
}
