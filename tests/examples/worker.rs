//! A worker that is interrupted, killed, and started again.

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Stdio};

use serde_json::Value;

use crate::{command, line, run, text};

/// A log of its own for a test.
struct Log(PathBuf);

impl Log {
    fn new(test: &str) -> Self {
        let file = format!("worker-{test}.jsonl");
        let log = Self(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(file));
        let _ = fs::remove_file(&log.0);
        log
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("the folder has a name in Unicode")
    }

    /// Its lines, each of which is an object of JSON.
    fn lines(&self) -> Vec<Value> {
        let log = fs::read_to_string(&self.0).expect("there is a log");
        assert!(log.ends_with('\n'), "the last line is whole");
        let parse = |line| -> Value { serde_json::from_str(line).expect("a line is JSON") };
        log.lines().map(parse).collect()
    }

    /// What it says of a job: its events, with the attempt.
    fn events(&self, job: &str) -> Vec<String> {
        let lines = self.lines();
        let about = lines.iter().filter(|line| line["job"] == job);
        about
            .map(|line| {
                format!(
                    "{} {}",
                    line["event"].as_str().expect("a name"),
                    line["attempt"]
                )
            })
            .collect()
    }

    fn last_event(&self, job: &str) -> String {
        self.events(job).pop().expect("the job was begun")
    }
}

/// Starts the worker and waits until it is stuck: its fourth job is retried for ever.
fn start_until_stuck(log: &Log) -> (Child, BufReader<ChildStdout>) {
    let mut worker = command("worker")
        .arg(log.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("`cargo test` builds it");
    let mut out = BufReader::new(worker.stdout.take().expect("it is piped"));
    let mut printed = String::new();
    while !printed.contains("attempt 2: connection refused") {
        let read = out.read_line(&mut printed).expect("it prints text");
        assert!(read > 0, "it ends too early:\n{printed}");
    }
    (worker, out)
}

/// What the worker prints that is started again.
fn restart(log: &Log) -> String {
    let output = run("worker", &[log.path()]);
    assert_eq!(text(&output.stderr), "");
    assert!(output.status.success());
    text(&output.stdout).to_owned()
}

/// After the restart, everything is done, and what is left comes first.
fn assert_it_goes_on(log: &Log) {
    let again = restart(log);
    let jobs: Vec<&str> = again.lines().skip(1).step_by(2).collect();
    assert_eq!(
        jobs,
        ["invoice-4, again", "invoice-5", "left for the next run: "]
    );
    assert_eq!(log.last_event("invoice-4"), "success 1");
    assert_eq!(log.last_event("invoice-5"), "success 1");
    assert_eq!(log.events("invoice-1").len(), 3, "it is not done twice");

    let before = log.lines();
    assert_eq!(line(&restart(log), "left for the next run:"), " ");
    assert_eq!(log.lines(), before, "there is nothing to do");
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_the_sleep_and_the_worker() {
    let log = Log::new("interrupted");
    let (mut worker, mut out) = start_until_stuck(&log);
    let interrupt = std::process::Command::new("kill")
        .args(["-INT", &worker.id().to_string()])
        .status();
    assert!(interrupt.expect("there is `kill`").success());
    let mut printed = String::new();
    out.read_to_string(&mut printed).expect("it prints text");
    assert!(worker.wait().expect("it ends").success(), "in good order");
    assert!(
        line(&printed, "aborted after attempt ")
            .parse::<u32>()
            .is_ok_and(|attempts| attempts >= 2)
    );
    assert_eq!(
        line(&printed, "left for the next run: "),
        "invoice-4, invoice-5"
    );

    assert_eq!(
        log.events("invoice-2"),
        [
            "attempt_started 1",
            "attempt_ended 1",
            "retry 1",
            "attempt_started 2",
            "attempt_ended 2",
            "retry 2",
            "attempt_started 3",
            "attempt_ended 3",
            "success 3",
        ]
    );
    assert_eq!(log.last_event("invoice-3"), "permanent_fail 1");
    let last = log.lines().pop().expect("there are lines");
    assert_eq!(
        (&last["job"], &last["event"], &last["stop_reason"]),
        (&"invoice-4".into(), &"aborted".into(), &"aborted".into())
    );
    assert_it_goes_on(&log);
}

#[test]
fn after_a_crash_the_worker_goes_on_where_it_was() {
    let log = Log::new("killed");
    let (mut worker, _out) = start_until_stuck(&log);
    worker.kill().expect("it runs");
    worker.wait().expect("it ends");
    // It could have died while it wrote, in the middle of a letter of two bytes.
    let mut file = OpenOptions::new().append(true).open(&log.0).expect("a log");
    file.write_all(b"{\"time\":17,\"job\":\"invoice-4\",\"error\":\"\xc3")
        .expect("it can be written");
    drop(file);
    assert_it_goes_on(&log);
}

#[test]
fn a_log_that_is_none_is_refused_and_left_alone() {
    let log = Log::new("foreign");
    let poem = "{}\nRoses are red";
    fs::write(&log.0, poem).expect("it can be written");
    let output = run("worker", &[log.path()]);
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("line 1 of the log: missing field"));
    assert_eq!(fs::read_to_string(&log.0).expect("a log"), poem);
}
