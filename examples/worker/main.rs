//! A worker that delivers invoices from a queue, stops in good order at Ctrl-C, and goes on where it was when it is started again, also after a
//! crash.
//!
//! ```sh
//! cargo run --example worker               # press Ctrl-C when it is stuck, then run it again
//! cargo run --example worker -- LOG_FILE   # by default, `retry-worker.jsonl` in the folder for temporary files
//! ```
//!
//! What to look at:
//!
//! - **Ctrl-C** gives the signal that every call has as its `abort`. It ends a sleep at once. It never interrupts an attempt, so no mail is
//!   sent of which nobody knows. A second Ctrl-C is the way out for those who cannot wait for an attempt.
//! - **the log** has a line of JSON for each event of each job, written to the disk before the call goes on. So it knows which jobs were begun
//!   and are not finished, whatever happens to the process.
//! - **the restart** takes those up first. A job whose end could not be written any more is done twice: at least once is what such a log can
//!   promise, and receivers have to cope with that.

mod job;
mod journal;

use std::env;
use std::error::Error;
use std::path::PathBuf;
use std::process;

use retry_core::{AbortSignal, Event, EventKind, Observer, Outcome, StopReason, retry};

use crate::job::{Job, NotDelivered};
use crate::journal::Journal;

/// Stops every call, those that sleep at once.
static SHUTDOWN: AbortSignal = AbortSignal::new();

/// A server that is down may be so for hours. How long we try is decided by who stops the worker.
#[retry(
    attempts = unlimited,
    backoff = exponential("100ms", max = "1s"),
    abort = SHUTDOWN,
    observe = *observer,
    returns = outcome
)]
async fn deliver(job: &Job, observer: &impl Observer) -> Result<(), NotDelivered> {
    job.send().await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args_os()
        .nth(1)
        .map_or_else(default_path, PathBuf::from);
    println!("The log is {}", path.display());
    let (journal, past) = Journal::open(&path, &SHUTDOWN)?;
    let mut queue = job::queue(&past);
    tokio::spawn(stop_at_ctrl_c());

    while !SHUTDOWN.is_aborted() {
        let Some(job) = queue.pop_front() else { break };
        println!("{}{}", job.name, if job.again { ", again" } else { "" });
        let observer = (journal.of(job.name), print_retry as fn(&Event<'_>));
        let outcome = deliver(&job, &observer).await;
        print_end(&outcome);
        if outcome.stop_reason() == Some(StopReason::Aborted) {
            queue.push_front(job);
        }
    }
    let left: Vec<&str> = queue.iter().map(|job| job.name).collect();
    println!("left for the next run: {}", left.join(", "));
    Ok(journal.close()?)
}

fn default_path() -> PathBuf {
    env::temp_dir().join("retry-worker.jsonl")
}

async fn stop_at_ctrl_c() {
    if tokio::signal::ctrl_c().await.is_ok() {
        SHUTDOWN.abort();
    }
    if tokio::signal::ctrl_c().await.is_ok() {
        // What a shell says of a program that an interrupt has ended.
        process::exit(130);
    }
}

fn print_retry(event: &Event<'_>) {
    if let (EventKind::Retry, Some(error), Some(delay)) = (event.kind, event.error, event.delay) {
        println!(
            "  attempt {}: {error}; the next in {delay:.0?}",
            event.attempt
        );
    }
}

fn print_end(outcome: &Outcome<(), NotDelivered>) {
    let attempts = outcome.attempts();
    match (outcome.stop_reason(), outcome.last_error()) {
        (None, _) => println!("  delivered at attempt {attempts}"),
        (Some(StopReason::Aborted), _) => println!("  aborted after attempt {attempts}"),
        (Some(reason), Some(error)) => println!("  failed: {error} ({reason})"),
        (Some(reason), None) => println!("  failed: {reason}"),
    }
}
