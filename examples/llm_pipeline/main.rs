//! Sorts a customer's mails with a local language model that is flaky, and goes on when it is gone: retry, circuit breaker and bulkhead around
//! one call.
//!
//! ```sh
//! cargo run --example llm_pipeline
//! ```
//!
//! The model server is in this process. What to look at:
//!
//! - **what happened**: the attempts of each call. Broken JSON, a server that is still loading or does not answer, and an answer of which the
//!   model is not sure are all worth another attempt; what `retry_until` does not accept is one that failed.
//! - **by**: when nothing helps, the `fallback` sorts by simple rules. No mail is left lying, and no error comes out.
//! - **the second batch**: the server crashes. Some failures open the circuit, and then no mail waits for the model any more.
//! - **at a time**: the bulkhead is as large as the model is wide, whatever the number of mails.

mod journal;
#[path = "../loopback/mod.rs"]
mod loopback;
mod server;

use std::error::Error;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, StatusCode};
use retry_core::{Bulkhead, CircuitBreaker, Classify, Stopped, retry};
use serde::Deserialize;
use serde_json::json;
use tokio::task::JoinSet;

use crate::journal::Journal;
use crate::server::ModelServer;

/// Opens after five failures in a row.
static MODEL: CircuitBreaker = CircuitBreaker::new("model")
    .consecutive(5)
    .open_for(Duration::from_secs(30));

/// The model can think about two texts at a time. The others queue here.
static MODEL_SLOTS: Bulkhead = Bulkhead::new("model slots", 2).wait(Duration::from_secs(30));

/// What the model has to be sure of, from 0 to 1.
const SURE: f64 = 0.5;

struct Sorter {
    client: Client,
    url: String,
}

#[derive(Debug, Deserialize)]
struct Answer {
    label: String,
    confidence: f64,
    #[serde(skip)]
    by_rules: bool,
}

impl Sorter {
    #[retry(
        attempts = 4,
        attempt_timeout = "1s",
        backoff = exponential("20ms"),
        unknown(attempts = 4),
        retry_until = |answer| answer.confidence >= SURE,
        breaker = MODEL,
        bulkhead = MODEL_SLOTS,
        observe = *journal,
        fallback = async |_| Ok(sort_by_rules(mail))
    )]
    async fn sort(&self, mail: &str, journal: &Journal) -> Result<Answer, ModelError> {
        let request = self.client.post(&self.url);
        let response = request
            .body(json!({ "text": mail }).to_string())
            .send()
            .await?;
        if !response.status().is_success() {
            return Err(ModelError::Status(response.status()));
        }
        Ok(serde_json::from_str(&response.text().await?)?)
    }
}

/// When the model does not help.
fn sort_by_rules(mail: &str) -> Answer {
    let label = if mail.contains("parcel") {
        "delivery"
    } else {
        "for a person"
    };
    Answer {
        label: label.to_owned(),
        confidence: 1.0,
        by_rules: true,
    }
}

#[derive(Debug, thiserror::Error, Classify)]
enum ModelError {
    #[error("{0}")]
    #[classify(status = 0)]
    Status(StatusCode),
    /// The next answer may be better, and the server is well: a class that the circuit does not count.
    #[error("broken JSON")]
    #[classify(unknown)]
    BrokenJson(#[from] serde_json::Error),
    #[error("no connection")]
    #[classify(transient)]
    Transport(#[from] reqwest::Error),
    #[error(transparent)]
    #[classify(transparent)]
    Stopped(#[from] Stopped),
}

const MONDAY: [&str; 7] = [
    "Where is my parcel?",
    "I was charged twice",
    "My parcel is wet",
    "The app crashes when I log in",
    "It does not work",
    "The invoice has no date",
    "I want a refund",
];

const TUESDAY: [&str; 7] = [
    "The parcel went to my neighbour",
    "The button is grey",
    "Please send the invoice again",
    "My parcel was not in the shop",
    "I cannot log in",
    "I was charged for nothing",
    "Where is the second parcel?",
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout();
    let server = ModelServer::start().await?;
    let sorter = Arc::new(Sorter {
        // A proxy of the environment would not find this server.
        client: Client::builder().no_proxy().build()?,
        url: format!("http://{}/sort", server.address),
    });

    writeln!(out, "The model server is flaky")?;
    sort_all(&sorter, &MONDAY, &mut out).await?;
    let flaky = server.requests();
    writeln!(
        out,
        "  {} mails took {flaky} requests, at most {} at a time",
        MONDAY.len(),
        server.most_at_a_time()
    )?;

    server.crash();
    writeln!(out, "\nThe model server has crashed")?;
    sort_all(&sorter, &TUESDAY, &mut out).await?;
    writeln!(
        out,
        "  {} mails took {} requests",
        TUESDAY.len(),
        server.requests() - flaky
    )?;

    writeln!(out, "\nThe circuit: {}", MODEL.snapshot())?;
    writeln!(out, "The slots: {}", MODEL_SLOTS.statistics())?;
    Ok(())
}

/// All at the same time; the bulkhead sees to it that the model can bear it.
async fn sort_all(
    sorter: &Arc<Sorter>,
    mails: &[&'static str],
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let mut sorting = JoinSet::new();
    for (place, &mail) in mails.iter().enumerate() {
        let sorter = Arc::clone(sorter);
        sorting.spawn(async move {
            let journal = Journal::default();
            let answer = sorter.sort(mail, &journal).await;
            (place, mail, answer, journal)
        });
    }
    let mut answers = sorting.join_all().await;
    answers.sort_by_key(|(place, ..)| *place);
    writeln!(
        out,
        "  {:<32} {:<13} {:<6} what happened",
        "mail", "goes to", "by"
    )?;
    for (_, mail, answer, journal) in answers {
        let answer = answer?;
        let by = if answer.by_rules { "rules" } else { "model" };
        writeln!(out, "  {mail:<32} {:<13} {by:<6} {journal}", answer.label)?;
    }
    Ok(())
}
