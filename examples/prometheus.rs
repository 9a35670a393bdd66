//! Serves the metrics of calls that sometimes fail, as Prometheus scrapes them.
//!
//! ```sh
//! cargo run --example prometheus          # until Ctrl-C
//! cargo run --example prometheus -- 30    # for thirty seconds
//! ```
//!
//! A shop looks up its stock, and charges its customers through a payment service that is down for one second out of four. With `curl`
//! and the address that is printed, have a look at:
//!
//! - **`retry_calls_total`**: what callers got, and why those who got an error did.
//! - **`retry_attempts_total`**: what the services bore. More attempts than calls is the load that retries add.
//! - **`circuit_state`**: 2 while the payment service is down, and `circuit_transitions_total` for how often.
//! - **`bulkhead_wait_seconds`**: how long callers queued for the connections to it.

mod loopback;

use std::env;
use std::error::Error;
use std::future;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use retry_core::observe::MetricsObserver;
use retry_core::{Budget, Bulkhead, CircuitBreaker, Classify, Stopped, retry};

static PAYMENTS: CircuitBreaker = CircuitBreaker::new("payments")
    .consecutive(5)
    .open_for(Duration::from_millis(300));

static RETRIES: Budget = Budget::new("payments").ratio(0.5).floor(5);

static CONNECTIONS: Bulkhead = Bulkhead::new("payments", 2)
    .wait(Duration::from_millis(100))
    .contention_after(Duration::from_millis(5));

/// Nobody attaches an observer here: the one that is installed sees all calls.
#[retry(
    attempts = 4,
    backoff = exponential("10ms"),
    breaker = PAYMENTS,
    budget = RETRIES,
    bulkhead = CONNECTIONS,
)]
async fn charge() -> Result<(), ShopError> {
    tokio::time::sleep(Duration::from_millis(20)).await;
    payment_service()
}

#[retry(attempts = 3, backoff = fixed("5ms"))]
async fn look_up_stock() -> Result<(), ShopError> {
    tokio::time::sleep(Duration::from_millis(2)).await;
    stock_service()
}

#[derive(Debug, thiserror::Error, Classify)]
enum ShopError {
    #[error("the service is down")]
    #[classify(server_error)]
    Down,
    #[error("the connection broke")]
    #[classify(transient)]
    Broken,
    #[error("there is no such article")]
    #[classify(permanent)]
    NoSuchArticle,
    #[error(transparent)]
    #[classify(transparent)]
    Stopped(#[from] Stopped),
}

/// Is down for the third second of every four, and breaks every tenth connection.
fn payment_service() -> Result<(), ShopError> {
    static REQUESTS: AtomicU32 = AtomicU32::new(0);
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    if START.elapsed().as_secs() % 4 == 2 {
        return Err(ShopError::Down);
    }
    match REQUESTS.fetch_add(1, Ordering::Relaxed) % 10 {
        9 => Err(ShopError::Broken),
        _ => Ok(()),
    }
}

/// Breaks every fifth connection, and does not have every article.
fn stock_service() -> Result<(), ShopError> {
    static REQUESTS: AtomicU32 = AtomicU32::new(0);
    match REQUESTS.fetch_add(1, Ordering::Relaxed) % 20 {
        4 | 9 | 14 | 19 => Err(ShopError::Broken),
        7 => Err(ShopError::NoSuchArticle),
        _ => Ok(()),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Ok(duration) = duration_argument() else {
        eprintln!("error: that is no number of seconds\nusage: prometheus [SECONDS]");
        return ExitCode::from(2);
    };
    match serve(duration).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// How long to run; for ever, unless told otherwise.
fn duration_argument() -> Result<Option<Duration>, Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let seconds = arguments
        .next()
        .map(|seconds| seconds.parse())
        .transpose()?;
    match arguments.next() {
        Some(_) => Err("there is one argument".into()),
        None => Ok(seconds.map(Duration::from_secs)),
    }
}

async fn serve(duration: Option<Duration>) -> Result<(), Box<dyn Error>> {
    let prometheus = PrometheusBuilder::new()
        .set_buckets_for_metric(
            Matcher::Suffix("_seconds".into()),
            &[0.001, 0.005, 0.025, 0.1, 0.5],
        )?
        .set_buckets_for_metric(
            Matcher::Suffix("attempts_per_call".into()),
            &[0.0, 1.0, 2.0, 3.0, 4.0],
        )?
        .install_recorder()?;
    let metrics = MetricsObserver::new()?.install()?;

    let address = loopback::start(move |request| {
        let response = match request.uri().path() {
            "/metrics" => scrape(metrics, &prometheus),
            _ => not_found(),
        };
        future::ready(Ok(response))
    })
    .await?;
    let url = format!("http://{address}/metrics");
    introduce(&url, duration, &mut io::stdout())?;

    let traffic = traffic();
    match duration {
        Some(duration) => {
            // The traffic has no end of its own.
            let _ = tokio::time::timeout(duration, traffic).await;
        }
        None => traffic.await,
    }
    Ok(())
}

/// What Prometheus asks for. The guards are looked at just before, so that they are as they are now.
fn scrape(metrics: &MetricsObserver, prometheus: &PrometheusHandle) -> Response<String> {
    metrics.record_guards();
    let mut response = Response::new(prometheus.render());
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; version=0.0.4"),
    );
    response
}

fn not_found() -> Response<String> {
    let mut response = Response::new("try /metrics\n".to_owned());
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

fn introduce(url: &str, duration: Option<Duration>, out: &mut impl Write) -> io::Result<()> {
    match duration {
        Some(duration) => writeln!(out, "serving {url} for {duration:?}\n")?,
        None => writeln!(out, "serving {url} until Ctrl-C\n")?,
    }
    for (metric, question) in [
        ("retry_calls_total", "what did callers get, and why?"),
        ("retry_attempts_total", "what did the services bear?"),
        ("circuit_", "is the payment service down?"),
        ("budget_remaining", "how many retries may there be?"),
        ("bulkhead_", "do callers queue?"),
    ] {
        writeln!(out, "  curl -s {url} | grep ^{metric:<20}  # {question}")?;
    }
    out.flush()
}

/// Customers come and go: a look at the stock each 10 ms, and every other one of them buys something, a few of them at the same time.
async fn traffic() {
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    for tick in 0_u64.. {
        ticks.tick().await;
        tokio::spawn(look_up_stock());
        if tick % 20 < 10 {
            tokio::spawn(charge());
        }
    }
}
