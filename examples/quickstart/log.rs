//! Prints what calls do while they do it, from the events that they emit.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU16, Ordering};

use reqwest::StatusCode;
use retry_core::{Cause, ErrorClass, Event, EventKind, Observer, StopReason};

/// The observer of one call at a time.
#[derive(Default)]
pub(crate) struct Log {
    /// Of the last response. An event knows its call's errors but not its values, so what succeeded is noted here.
    status: AtomicU16,
}

impl Log {
    /// Takes note of a response's status.
    pub(crate) fn note(&self, status: StatusCode) {
        self.status.store(status.as_u16(), Ordering::Relaxed);
    }

    /// An error's text, or that there was no error.
    fn result(&self, event: &Event<'_>) -> String {
        match (event.error, event.cause) {
            (Some(error), _) => error.to_string(),
            (None, Some(Cause::Timeout)) => "no answer in time".to_owned(),
            (None, _) => StatusCode::from_u16(self.status.load(Ordering::Relaxed))
                .map_or_else(|_| "ok".to_owned(), |status| status.to_string()),
        }
    }

    fn print(&self, event: &Event<'_>) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match event.kind {
            EventKind::AttemptStarted if event.attempt == 1 => {
                write!(out, "\n{}", event.operation)?;
            }
            // What follows from an attempt is known only later, so its line is left open.
            EventKind::AttemptEnded => {
                let (attempt, result) = (event.attempt, self.result(event));
                let class = event.class.map_or("-", ErrorClass::as_str);
                write!(out, "\n  {attempt}  {result:<40}  {class:<12}")?;
            }
            EventKind::Retry => {
                let delay = event.delay.unwrap_or_default().as_millis();
                write!(out, "  next in {delay:>4} ms")?;
            }
            kind if kind.is_terminal() => {
                let how = event.stop_reason.map_or("success", StopReason::as_str);
                let (attempts, elapsed) = (event.attempt, event.elapsed.as_millis());
                writeln!(out, "\n  {how} (attempts: {attempts}, {elapsed} ms)")?;
            }
            _ => {}
        }
        out.flush()
    }
}

impl Observer for Log {
    fn on_event(&self, event: &Event<'_>) {
        // An observer cannot fail a call: if nobody reads any more, the call goes on without being watched.
        let _ = self.print(event);
    }
}
