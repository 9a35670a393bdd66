//! A service dies and recovers. What its callers do to it meanwhile, without a circuit breaker and with one.
//!
//! ```sh
//! cargo run --example circuit_breaker
//! ```
//!
//! Two copies of the service get the same calls and have the same outage. What to look at:
//!
//! - **requests**, as the services count them. Without a breaker an outage makes them more, as each call is tried three times: those are the
//!   requests that would have been made. With the breaker hardly any are made, but for a probe now and then.
//! - **circuit**: it opens after five failures, lets a probe through every half a second, and closes when one succeeds.
//! - **the end**: how long callers waited for their error, and the price, which is that the circuit notices the recovery a little later.

#[path = "../loopback/mod.rs"]
mod loopback;
mod server;

use std::error::Error;
use std::io::{self, Write};
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::{Client, StatusCode};
use retry_core::{CircuitBreaker, Classify, Event, StopReason, Stopped, retry};
use tokio::task::JoinSet;

use crate::server::Service;

/// One for the service, shared by all that call it. Settings that make no sense would not compile.
static PAYMENTS: CircuitBreaker = CircuitBreaker::new("payments")
    .failures(5, Duration::from_secs(10))
    .open_for(Duration::from_millis(500))
    .observe(&NOTE_TRANSITION);

#[derive(Clone)]
struct Shop {
    client: Client,
    url: String,
}

/// The same call twice. The key `breaker` is the only difference.
impl Shop {
    #[retry(attempts = 3, backoff = fixed("10ms"))]
    async fn pay_unguarded(&self) -> Result<(), PayError> {
        self.post().await
    }

    #[retry(attempts = 3, backoff = fixed("10ms"), breaker = PAYMENTS)]
    async fn pay(&self) -> Result<(), PayError> {
        self.post().await
    }

    async fn post(&self) -> Result<(), PayError> {
        let status = self.client.post(&self.url).send().await?.status();
        if status.is_success() {
            Ok(())
        } else {
            Err(PayError::Status(status))
        }
    }
}

#[derive(Debug, thiserror::Error, Classify)]
enum PayError {
    #[error("the service answered {0}")]
    #[classify(status = 0)]
    Status(StatusCode),
    #[error(transparent)]
    #[classify(transient)]
    Transport(#[from] reqwest::Error),
    /// A call that the open circuit turns away before its first attempt has no other error.
    #[error(transparent)]
    #[classify(transparent)]
    Stopped(#[from] Stopped),
}

impl PayError {
    fn is_turned_away(&self) -> bool {
        matches!(self, Self::Stopped(stopped) if stopped.reason() == StopReason::CircuitOpen)
    }
}

/// A line of the table: so many calls, one after the other is begun.
const CALLS: usize = 20;
const PACE: Duration = Duration::from_millis(10);

/// For how many lines the service is up, down, and up again.
const OUTAGE: [(bool, usize); 3] = [(true, 3), (false, 8), (true, 5)];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout();
    let mut without = Side::new(Service::start().await?, false)?;
    let mut with = Side::new(Service::start().await?, true)?;

    writeln!(out, "{CALLS} calls a line, with up to 3 attempts each\n")?;
    writeln!(out, "{:18}without a breaker    with a breaker", "")?;
    writeln!(
        out,
        "   time  service  requests   paid    requests   paid  turned away  circuit"
    )?;
    let start = Instant::now();
    for (up, lines) in OUTAGE {
        without.service.switch(up);
        with.service.switch(up);
        for _ in 0..lines {
            let time = start.elapsed().as_secs_f64();
            let (left, right) = tokio::join!(without.line(up), with.line(up));
            writeln!(
                out,
                "{time:>5.1} s  {:<7}  {:>8}  {:>5}    {:>8}  {:>5}  {:>11}  {}",
                if up { "up" } else { "down" },
                left.requests,
                left.paid,
                right.requests,
                right.paid,
                right.turned_away,
                what_the_circuit_did(),
            )?;
        }
    }
    compare(&without, &with, &mut out)?;
    Ok(writeln!(out, "\n{}", PAYMENTS.snapshot())?)
}

/// The calls of one side of the table, to a service of their own.
struct Side {
    service: Service,
    shop: Shop,
    guarded: bool,
    /// Of the time when the service was down.
    down: Tally,
    /// Of the time before and after.
    up: Tally,
}

/// What became of calls.
#[derive(Clone, Copy, Default)]
struct Tally {
    /// That the service has counted.
    requests: usize,
    paid: usize,
    failed: usize,
    /// Of those that failed: by the open circuit, without a single request.
    turned_away: usize,
    /// By the callers, for the errors of those that failed.
    waited: Duration,
}

impl Side {
    fn new(service: Service, guarded: bool) -> reqwest::Result<Self> {
        let shop = Shop {
            // A proxy of the environment would not find this server.
            client: Client::builder().no_proxy().build()?,
            url: format!("http://{}/payments", service.address),
        };
        Ok(Self {
            service,
            shop,
            guarded,
            down: Tally::default(),
            up: Tally::default(),
        })
    }

    /// Makes calls and waits until all have ended.
    async fn line(&mut self, up: bool) -> Tally {
        let mut calls = JoinSet::new();
        for _ in 0..CALLS {
            let (shop, guarded) = (self.shop.clone(), self.guarded);
            calls.spawn(async move {
                let begin = Instant::now();
                let result = if guarded {
                    shop.pay().await
                } else {
                    shop.pay_unguarded().await
                };
                (result, begin.elapsed())
            });
            tokio::time::sleep(PACE).await;
        }
        let mut tally = Tally::default();
        for (result, took) in calls.join_all().await {
            match result {
                Ok(()) => tally.paid += 1,
                Err(error) => {
                    tally.failed += 1;
                    tally.turned_away += usize::from(error.is_turned_away());
                    tally.waited += took;
                }
            }
        }
        tally.requests = self.service.take_requests();
        let total = if up { &mut self.up } else { &mut self.down };
        total.add(tally);
        tally
    }
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.paid += other.paid;
        self.failed += other.failed;
        self.turned_away += other.turned_away;
        self.waited += other.waited;
    }

    /// On average, in milliseconds.
    fn wait(&self) -> f64 {
        let failed = u32::try_from(self.failed.max(1)).unwrap_or(u32::MAX);
        (self.waited / failed).as_secs_f64() * 1000.0
    }
}

fn compare(without: &Side, with: &Side, out: &mut impl Write) -> io::Result<()> {
    let (left, right) = (&without.down, &with.down);
    writeln!(out, "\nwhile the service was down")?;
    writeln!(
        out,
        "  {} requests would have been made, and {} were",
        left.requests, right.requests
    )?;
    writeln!(
        out,
        "  a caller would have waited {:.1} ms for the error, and waited {:.1} ms",
        left.wait(),
        right.wait()
    )?;
    writeln!(out, "when it was up")?;
    writeln!(
        out,
        "  {} calls were turned away, until a probe found that it was up again",
        with.up.turned_away
    )
}

/// What the circuit has done since [`what_the_circuit_did`] was last asked.
static TRANSITIONS: Mutex<Vec<&str>> = Mutex::new(Vec::new());

/// Observes the circuit.
static NOTE_TRANSITION: fn(&Event<'_>) = |event| transitions().push(event.kind.as_str());

fn transitions() -> MutexGuard<'static, Vec<&'static str>> {
    TRANSITIONS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn what_the_circuit_did() -> String {
    let transitions = mem::take(&mut *transitions());
    if transitions.is_empty() {
        PAYMENTS.state().to_string()
    } else {
        transitions.join(", ")
    }
}
