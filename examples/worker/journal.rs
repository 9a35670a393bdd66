//! A log of what happened to jobs that survives the process: a line of JSON for each event.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use retry_core::{AbortSignal, Event, Observer};
use serde::{Deserialize, Serialize};

/// The log, open for more.
pub(crate) struct Journal {
    log: Mutex<Log>,
    shutdown: &'static AbortSignal,
}

struct Log {
    file: File,
    /// Why it could not be written, if so.
    problem: Option<io::Error>,
}

/// One line.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    /// In milliseconds since 1970.
    time: u64,
    job: String,
    event: String,
    attempt: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// What the log says of earlier runs.
#[derive(Default)]
pub(crate) struct Past {
    /// The jobs that were begun; whether they have ended, be it in vain.
    jobs: HashMap<String, bool>,
}

/// Observes the call that does a job.
pub(crate) struct JobObserver<'a> {
    journal: &'a Journal,
    job: &'a str,
}

impl Journal {
    /// Opens the log, which need not exist, and reads what is there. If it cannot be written later, `shutdown` is given: nothing is done of
    /// which there would be no trace.
    pub(crate) fn open(path: &Path, shutdown: &'static AbortSignal) -> io::Result<(Self, Past)> {
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)?;
        let mut lines = Vec::new();
        file.read_to_end(&mut lines)?;
        // If the process has died while it wrote the last line: nothing has been done yet of what that would have said.
        let whole = lines.iter().rposition(|&byte| byte == b'\n');
        lines.truncate(whole.map_or(0, |end| end + 1));
        let past = Past::read(&lines)?;
        file.set_len(lines.len() as u64)?;

        let log = Mutex::new(Log {
            file,
            problem: None,
        });
        Ok((Self { log, shutdown }, past))
    }

    pub(crate) fn of<'a>(&'a self, job: &'a str) -> JobObserver<'a> {
        JobObserver { journal: self, job }
    }

    /// Tells whether everything was written.
    pub(crate) fn close(self) -> io::Result<()> {
        let log = self
            .log
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        log.problem.map_or(Ok(()), Err)
    }

    fn append(&self, line: &Line) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(problem) = log.append(line) {
            log.problem.get_or_insert(problem);
            self.shutdown.abort();
        }
    }
}

impl Log {
    /// Returns once the line is on the disk. That blocks the thread, which is right for a worker with one job at a time.
    fn append(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        // In one piece, so that a crash leaves a whole line or the beginning of one.
        self.file.write_all(&text)?;
        self.file.sync_data()
    }
}

impl Past {
    fn read(lines: &[u8]) -> io::Result<Self> {
        let mut past = Self::default();
        for (number, line) in (1..).zip(lines.split_inclusive(|&byte| byte == b'\n')) {
            let line: Line = serde_json::from_slice(line)
                .map_err(|error| io::Error::other(format!("line {number} of the log: {error}")))?;
            let ended = line.is_end();
            past.jobs.insert(line.job, ended);
        }
        Ok(past)
    }

    pub(crate) fn has_begun(&self, job: &str) -> bool {
        self.jobs.contains_key(job)
    }

    pub(crate) fn has_ended(&self, job: &str) -> bool {
        self.jobs.get(job).is_some_and(|ended| *ended)
    }
}

impl Line {
    /// Whether the job needs no further run. One that was aborted does.
    fn is_end(&self) -> bool {
        let stopped = self.stop_reason.as_deref();
        self.event == "success" || stopped.is_some_and(|reason| reason != "aborted")
    }
}

impl Observer for JobObserver<'_> {
    fn on_event(&self, event: &Event<'_>) {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
        self.journal.append(&Line {
            time: milliseconds(since_1970.unwrap_or_default()),
            job: self.job.to_owned(),
            event: event.kind.to_string(),
            attempt: event.attempt,
            delay_ms: event.delay.map(milliseconds),
            class: event.class.map(|class| class.to_string()),
            stop_reason: event.stop_reason.map(|reason| reason.to_string()),
            error: event.error.map(ToString::to_string),
        });
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
