//! Metrics over HTTP, scraped while the calls are made.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Stdio};
use std::thread;
use std::time::Duration;

#[path = "../../retry-core/tests/scrape/mod.rs"]
mod scrape;

use self::scrape::Scrape;
use crate::{cannot_run, command, run, text};

/// The example, serving. It ends when this does.
struct Serving {
    child: Child,
    address: String,
    /// Kept, as it would fail if nobody could read what it prints.
    printed: BufReader<ChildStdout>,
}

impl Serving {
    fn start() -> io::Result<Self> {
        let mut command = command("prometheus");
        command.arg("300").stdout(Stdio::piped());
        let child = command.spawn();
        let mut child = child.unwrap_or_else(|error| cannot_run("prometheus", &command, &error));
        let printed = child.stdout.take().expect("it is piped");
        let mut serving = Self {
            child,
            printed: BufReader::new(printed),
            address: String::new(),
        };
        let mut line = String::new();
        serving.printed.read_line(&mut line)?;
        serving.address = address(&line).to_owned();
        Ok(serving)
    }

    /// The head of the response, and its body.
    fn get(&self, path: &str) -> io::Result<(String, String)> {
        let address = &self.address;
        let mut stream = TcpStream::connect(address)?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
        )?;
        let mut response = String::new();
        stream.read_to_string(&mut response)?;
        let (head, body) = response.split_once("\r\n\r\n").expect("a head ends");
        Ok((head.to_owned(), body.to_owned()))
    }

    fn scrape(&self) -> io::Result<Scrape> {
        let (head, body) = self.get("/metrics")?;
        assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
        assert!(
            head.contains("content-type: text/plain; version=0.0.4"),
            "{head}"
        );
        Ok(Scrape::parse(&body))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Between `http://` and the path.
fn address(printed: &str) -> &str {
    let (_, url) = printed.split_once("http://").expect("an address");
    url.split_once("/metrics").expect("a path").0
}

#[test]
fn calls_and_guards_are_served_as_prometheus_wants_them() -> io::Result<()> {
    let serving = Serving::start()?;
    assert!(serving.get("/")?.0.starts_with("HTTP/1.1 404 Not Found"));

    // An outage begins after two seconds. Then the circuit opens, and closes when it is over.
    let payments = [("name", "payments")];
    let mut states = Vec::new();
    let mut last = serving.scrape()?;
    while !states.contains(&Some(2.0)) || states.last() != Some(&Some(0.0)) {
        thread::sleep(Duration::from_millis(50));
        last = serving.scrape()?;
        states.push(last.value("circuit_state", &payments));
        assert!(last.value("bulkhead_in_use", &payments) <= Some(2.0));
        assert!(last.value("budget_remaining", &payments) <= Some(1000.0));
        assert!(
            states.len() < 1000,
            "no outage, or no end of it: {states:?}"
        );
    }
    assert_is_complete(&last);
    Ok(())
}

/// What there has to be after an outage.
fn assert_is_complete(scrape: &Scrape) {
    let sum = |name: &str, of: &[_]| scrape.sum(name, of);
    let is_there = |name: &str, of: &[_]| {
        assert!(sum(name, of) > Some(0.0), "{name} of {of:?}:\n{scrape}");
    };
    let (payments, outage) = (("name", "payments"), ("operation", "charge"));
    for operation in ["charge", "look_up_stock"] {
        let operation = ("operation", operation);
        is_there("retry_calls_total", &[operation, ("stop_reason", "none")]);
        is_there("retry_attempts_total", &[operation, ("class", "transient")]);
        is_there("retry_delay_seconds_sum", &[operation]);
        let calls = sum("retry_calls_total", &[operation]);
        let durations = sum("retry_call_duration_seconds_count", &[operation]);
        assert_eq!(durations, calls, "{scrape}");
        let attempts = sum("retry_attempts_per_call_count", &[operation]);
        assert_eq!(attempts, calls, "{scrape}");
    }
    is_there("retry_attempts_total", &[outage, ("class", "server_error")]);
    is_there(
        "retry_calls_total",
        &[outage, ("stop_reason", "circuit_open")],
    );
    is_there(
        "retry_calls_total",
        &[("stop_reason", "non_retryable_class")],
    );
    for state in ["open", "half_open", "closed"] {
        is_there("circuit_transitions_total", &[payments, ("to", state)]);
    }
    is_there("bulkhead_wait_seconds_sum", &[payments]);
    assert_eq!(scrape.families.len(), 10, "{scrape}");
}

#[test]
fn it_says_what_to_ask_and_ends_by_itself() {
    let output = run("prometheus", &["1"]);
    let printed = text(&output.stdout);
    assert!(output.status.success());
    let address = address(printed);
    let asks = format!("curl -s http://{address}/metrics | grep ^retry_calls_total");
    assert!(printed.contains(&asks), "{printed}");
}

#[test]
fn a_bad_argument_is_refused_with_the_usage() {
    for arguments in [&["soon"][..], &["-1"], &["1", "2"]] {
        let output = run("prometheus", arguments);
        let said = text(&output.stderr);
        assert!(
            said.starts_with("error: ") && said.contains("\nusage: "),
            "{said}"
        );
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}
