//! Calls a service that fails the way real services do, through functions with `#[retry]`.
//!
//! ```sh
//! cargo run --example quickstart                             # the service is in this process
//! cargo run --example quickstart -- http://127.0.0.1:8080/   # yours, with the same policy
//! ```

mod log;
#[path = "../loopback/mod.rs"]
mod loopback;
mod server;

use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use log::Log;
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, ClientBuilder, Response, StatusCode, Url};
use retry_core::classify::{http_status, parse_retry_after};
use retry_core::{Backoff, Classification, Classify, ErrorClass, Policy, Stopped, retry};

/// How every call of this program is retried. `checked` makes it a compile error if the numbers do not fit together.
/// They are small so that you need not wait: the four calls end within seven seconds, whatever the jitter.
const POLICY: Policy = Policy::new()
    .attempts(6)
    .attempt_timeout(Duration::from_secs(1))
    .deadline(Duration::from_secs(10))
    .backoff(Backoff::exponential(Duration::from_millis(50)))
    .checked();

struct Api {
    base: Url,
    client: Client,
    log: Log,
}

/// The calls. A body is what one attempt does; `#[retry]` runs it again where that may help.
impl Api {
    #[retry(policy = POLICY, observe = self.log)]
    async fn fetch_user(&self, id: u32) -> Result<String, ApiError> {
        self.get(&format!("users/{id}")).await
    }

    #[retry(policy = POLICY, observe = self.log)]
    async fn fetch_invoice(&self, id: u32) -> Result<String, ApiError> {
        self.get(&format!("invoices/{id}")).await
    }

    #[retry(policy = POLICY, observe = self.log)]
    async fn list_orders(&self) -> Result<String, ApiError> {
        self.get("orders").await
    }

    // A key beside the policy overrides it: nobody waits ten seconds for a report.
    #[retry(policy = POLICY, deadline = "2s", observe = self.log)]
    async fn build_report(&self) -> Result<String, ApiError> {
        self.get("report").await
    }

    #[retry(policy = POLICY, observe = self.log)]
    async fn fetch(&self) -> Result<String, ApiError> {
        self.get("").await
    }
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
enum ApiError {
    #[error("{status}")]
    Status {
        status: StatusCode,
        retry_after: Option<Duration>,
    },
    #[error("{}", innermost(.0))]
    Transport(#[from] reqwest::Error),
    /// An attempt that was cut by its timeout leaves no error of its own, so the call ends with this one.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// What kind of failure it is: that decides whether there is another attempt, and when.
impl Classify for ApiError {
    fn classify(&self) -> Classification {
        match self {
            Self::Status {
                status,
                retry_after,
            } => {
                let class = Classification::new(http_status(status.as_u16()));
                retry_after.map_or(class, |hint| class.with_retry_after(hint))
            }
            // The request itself is at fault, and would be the next time.
            Self::Transport(error) if error.is_builder() || error.is_redirect() => {
                ErrorClass::Permanent.into()
            }
            // Refused, reset, broken off: the next connection may do better.
            Self::Transport(_) => ErrorClass::Transient.into(),
            Self::Stopped(stopped) => stopped.classify(),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let called = match url_argument() {
        Ok(None) => call_own_server().await,
        Ok(Some(url)) => call(url).await,
        Err(problem) => {
            eprintln!("error: {problem}\nusage: quickstart [http://HOST/PATH]");
            return ExitCode::from(2);
        }
    };
    match called {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn call_own_server() -> Result<(), Box<dyn Error>> {
    let address = server::start().await?;
    let base = Url::parse(&format!("http://{address}/"))?;
    // A proxy of the environment would not find this server.
    let api = Api::new(base, Client::builder().no_proxy())?;

    show(&api.fetch_user(7).await)?;
    show(&api.fetch_invoice(1).await)?;
    show(&api.list_orders().await)?;
    show(&api.build_report().await)?;
    Ok(())
}

async fn call(url: Url) -> Result<(), Box<dyn Error>> {
    let api = Api::new(url, Client::builder())?;
    let body = api.fetch().await?;
    writeln!(io::stdout(), "  body: {} bytes", body.len())?;
    Ok(())
}

/// What the caller of a retried function gets: its value, or the last attempt's own error.
fn show(result: &Result<String, ApiError>) -> io::Result<()> {
    match result {
        Ok(value) => writeln!(io::stdout(), "  Ok: {value}"),
        Err(error) => writeln!(io::stdout(), "  Err: {error}"),
    }
}

impl Api {
    fn new(base: Url, client: ClientBuilder) -> reqwest::Result<Self> {
        Ok(Self {
            base,
            client: client.build()?,
            log: Log::default(),
        })
    }

    /// One request. To the client every response is a success; to us, and so to `#[retry]`, only some are.
    async fn get(&self, path: &str) -> Result<String, ApiError> {
        let url = format!("{}{path}", self.base);
        let response = self.client.get(url).send().await?;
        let status = response.status();
        self.log.note(status);
        if !status.is_success() {
            let retry_after = retry_after(&response);
            return Err(ApiError::Status {
                status,
                retry_after,
            });
        }
        Ok(response.text().await?)
    }
}

fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    parse_retry_after(value, SystemTime::now())
}

/// The error at the end of the chain: "connection refused" says more than "error sending request".
fn innermost<'e>(error: &'e (dyn Error + 'static)) -> &'e (dyn Error + 'static) {
    error.source().map_or(error, innermost)
}

/// `None` if there is no argument.
fn url_argument() -> Result<Option<Url>, String> {
    let mut arguments = env::args_os().skip(1);
    let Some(argument) = arguments.next() else {
        return Ok(None);
    };
    if arguments.next().is_some() {
        return Err("expected one URL, or nothing".to_owned());
    }
    let argument = argument.to_string_lossy();
    let url =
        Url::parse(&argument).map_err(|error| format!("`{argument}` is not a URL: {error}"))?;
    if url.scheme() != "http" {
        return Err(format!(
            "`{argument}` does not begin with `http://`; this example is built without TLS"
        ));
    }
    Ok(Some(url))
}
