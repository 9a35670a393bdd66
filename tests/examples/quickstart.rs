//! Calls that survive a flaky server, and what is printed of each.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Output;
use std::thread;

use crate::{run, text};

/// What is printed of one call.
struct Call<'a> {
    attempts: Vec<Attempt<'a>>,
    /// The stop reason, or `success`.
    end: &'a str,
    /// What the caller got.
    result: &'a str,
}

#[derive(Debug)]
struct Attempt<'a> {
    result: &'a str,
    class: &'a str,
    delay_ms: Option<u64>,
}

impl<'a> Call<'a> {
    /// Finds the call of `operation` in what the example prints.
    fn of(operation: &str, printed: &'a str) -> Self {
        let mut lines = printed
            .split("\n\n")
            .find_map(|block| {
                block
                    .trim_start()
                    .strip_prefix(operation)?
                    .strip_prefix('\n')
            })
            .unwrap_or_else(|| panic!("no call of {operation} in:\n{printed}"))
            .lines()
            .map(|line| line.strip_prefix("  ").expect("lines are indented"))
            .peekable();
        let mut attempts = Vec::new();
        while let Some(line) = lines.next_if(|line| line.starts_with(|c: char| c.is_ascii_digit()))
        {
            let (number, attempt) = Attempt::parse(line);
            attempts.push(attempt);
            assert_eq!(number, attempts.len(), "attempts are numbered from 1");
        }
        let end = lines.next().expect("a call has an end");
        let (end, count) = end
            .split_once(" (attempts: ")
            .expect("attempts are counted");
        assert!(
            count.starts_with(&format!("{},", attempts.len())),
            "{count}"
        );
        Self {
            attempts,
            end,
            result: lines.next().unwrap_or_default(),
        }
    }

    fn results(&self) -> Vec<&str> {
        self.attempts.iter().map(|attempt| attempt.result).collect()
    }

    fn classes(&self) -> Vec<&str> {
        self.attempts.iter().map(|attempt| attempt.class).collect()
    }

    /// The numbers of the attempts after which there was a delay.
    fn delayed(&self) -> Vec<usize> {
        (1..)
            .zip(&self.attempts)
            .filter_map(|(number, attempt)| attempt.delay_ms.map(|_| number))
            .collect()
    }
}

impl<'a> Attempt<'a> {
    fn parse(line: &'a str) -> (usize, Self) {
        let columns: Vec<&str> = line
            .split("  ")
            .map(str::trim)
            .filter(|column| !column.is_empty())
            .collect();
        let [number, result, class, ref rest @ ..] = columns[..] else {
            panic!("an attempt has a number, a result and a class: {line:?}");
        };
        let delay_ms = rest.join("").strip_prefix("next in").map(|delay| {
            let delay = delay.strip_suffix("ms").expect("a delay has a unit");
            delay.trim().parse().expect("a delay is a number")
        });
        let attempt = Self {
            result,
            class,
            delay_ms,
        };
        (number.parse().expect("attempts have numbers"), attempt)
    }
}

fn quickstart(arguments: &[&str]) -> Output {
    run("quickstart", arguments)
}

/// Gives every connection the same response, for as long as the process lives.
fn serve(response: &'static str) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(response.as_bytes());
        }
    });
    Ok(address)
}

#[test]
fn every_call_shows_its_attempts_and_why_it_ended() {
    let output = quickstart(&[]);
    let printed = text(&output.stdout);
    println!("{printed}");
    assert_eq!(text(&output.stderr), "");
    assert!(output.status.success());

    let user = Call::of("fetch_user", printed);
    assert_eq!(user.attempts.len(), 6);
    assert_eq!(
        user.classes(),
        [
            "server_error",
            "server_error",
            "rate_limit",
            "transient",
            "transient",
            "-"
        ]
    );
    assert_eq!(
        user.results()[..3],
        [
            "503 Service Unavailable",
            "503 Service Unavailable",
            "429 Too Many Requests"
        ]
    );
    assert!(user.results()[3].contains("reset"), "{:?}", user.results());
    assert_eq!(user.results()[4..], ["no answer in time", "200 OK"]);
    assert_eq!(
        user.delayed(),
        [1, 2, 3, 4, 5],
        "the last attempt never sleeps"
    );
    // The server said so, and jitter only adds to what it said.
    assert!(
        user.attempts[2].delay_ms >= Some(1000),
        "{:?}",
        user.attempts[2]
    );
    assert_eq!((user.end, user.result), ("success", "Ok: Ada Lovelace"));

    let invoice = Call::of("fetch_invoice", printed);
    assert_eq!(invoice.results(), ["404 Not Found"]);
    assert_eq!(invoice.classes(), ["permanent"]);
    assert_eq!(invoice.delayed(), [0; 0]);
    assert_eq!(
        (invoice.end, invoice.result),
        ("non_retryable_class", "Err: 404 Not Found")
    );

    let orders = Call::of("list_orders", printed);
    assert_eq!(orders.results(), ["503 Service Unavailable"; 6]);
    assert_eq!(orders.classes(), ["server_error"; 6]);
    assert_eq!(
        orders.delayed(),
        [1, 2, 3, 4, 5],
        "the last attempt never sleeps"
    );
    assert_eq!(
        (orders.end, orders.result),
        ("max_attempts_global", "Err: 503 Service Unavailable")
    );

    let report = Call::of("build_report", printed);
    assert_eq!(report.results(), ["no answer in time"; 2]);
    assert_eq!(report.delayed(), [1]);
    assert_eq!(report.end, "deadline_exceeded");
    assert!(
        report.result.starts_with("Err: build_report stopped"),
        "{}",
        report.result
    );
}

#[test]
fn a_url_is_fetched_with_the_same_policy() -> io::Result<()> {
    let well = serve("HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello")?;
    let output = quickstart(&[&format!("http://{well}/")]);
    let call = Call::of("fetch", text(&output.stdout));
    assert_eq!((call.results(), call.end), (vec!["200 OK"], "success"));
    assert_eq!(call.result, "body: 5 bytes");
    assert_eq!(output.status.code(), Some(0));
    Ok(())
}

#[test]
fn a_url_that_cannot_be_fetched_is_a_failure() -> io::Result<()> {
    let missing =
        serve("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")?;
    let output = quickstart(&[&format!("http://{missing}/")]);
    let call = Call::of("fetch", text(&output.stdout));
    assert_eq!((call.attempts.len(), call.end), (1, "non_retryable_class"));
    assert_eq!(text(&output.stderr), "error: 404 Not Found\n");
    assert_eq!(output.status.code(), Some(1));

    // Nobody listens on port 1.
    let output = quickstart(&["http://127.0.0.1:1/"]);
    let call = Call::of("fetch", text(&output.stdout));
    assert_eq!(
        (call.classes(), call.end),
        (vec!["transient"; 6], "max_attempts_global")
    );
    assert!(text(&output.stderr).starts_with("error: "));
    assert_eq!(output.status.code(), Some(1));
    Ok(())
}

#[test]
fn a_bad_argument_is_refused_with_the_usage() {
    for arguments in [
        &["nonsense"][..],
        &[""],
        &["localhost:8080"],
        &["https://127.0.0.1/"],
        &["http://"],
        &["http://127.0.0.1/", "http://127.0.0.1/"],
    ] {
        let output = quickstart(arguments);
        let said = text(&output.stderr);
        assert!(
            said.starts_with("error: ") && said.contains("\nusage: "),
            "{said}"
        );
        assert_eq!(text(&output.stdout), "");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}
