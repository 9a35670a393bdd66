//! What happened in one call, from the events that it emits.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use retry_core::{Cause, Event, EventKind, Observer};

/// The observer of one call.
#[derive(Default)]
pub(crate) struct Journal(Mutex<Vec<String>>);

impl Observer for Journal {
    fn on_event(&self, event: &Event<'_>) {
        let entry = match (event.kind, event.cause) {
            (EventKind::AttemptEnded, Some(Cause::Timeout)) => "no answer in time".to_owned(),
            (EventKind::AttemptEnded, Some(Cause::Value)) => "not sure".to_owned(),
            (EventKind::AttemptEnded, _) => event
                .error
                .map_or_else(|| "ok".to_owned(), ToString::to_string),
            (EventKind::CircuitRejected, _) => "circuit open".to_owned(),
            _ => return,
        };
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.push(entry);
    }
}

impl fmt::Display for Journal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        formatter.write_str(&entries.join(" → "))
    }
}
