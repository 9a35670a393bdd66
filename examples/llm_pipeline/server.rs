//! Stands in for a model server on this machine. What it knows of language are three words; its moods are those of the real ones.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use serde_json::{Value, json};

use crate::loopback;

/// What the server does with a request.
#[derive(Clone, Copy)]
enum Mood {
    Fine,
    /// The answer breaks off in the middle.
    BrokenJson,
    /// The answer is a guess.
    Unsure,
    /// The model is still being loaded.
    Loading,
    /// No client waits this long.
    Hang,
}

/// What it does when it is asked about a text for the first time, the second and so on. Then it is fine.
const MOODS: &[(&str, &[Mood])] = &[
    ("I was charged twice", &[Mood::Loading]),
    ("My parcel is wet", &[Mood::BrokenJson, Mood::BrokenJson]),
    ("The app crashes when I log in", &[Mood::Hang]),
    ("It does not work", &[Mood::Unsure]),
    ("The invoice has no date", &[Mood::BrokenJson; 4]),
];

pub(crate) struct ModelServer {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    crashed: AtomicBool,
    requests: AtomicUsize,
    at_a_time: AtomicUsize,
    most_at_a_time: AtomicUsize,
    asked: Mutex<HashMap<String, usize>>,
}

impl ModelServer {
    pub(crate) async fn start() -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let answering = Arc::clone(&shared);
        let address = loopback::start(move |request| {
            let shared = Arc::clone(&answering);
            async move { shared.count(request).await }
        })
        .await?;
        Ok(Self { address, shared })
    }

    /// From now on it breaks every connection.
    pub(crate) fn crash(&self) {
        self.shared.crashed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::Relaxed)
    }

    pub(crate) fn most_at_a_time(&self) -> usize {
        self.shared.most_at_a_time.load(Ordering::Relaxed)
    }
}

impl Shared {
    async fn count(&self, request: Request<Incoming>) -> io::Result<Response<String>> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let here = self.at_a_time.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_at_a_time.fetch_max(here, Ordering::Relaxed);
        // A client that does not wait any longer drops the answer, and leaves nevertheless.
        let _leave = Leave(&self.at_a_time);
        if self.crashed.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let body = request.into_body().collect().await;
        let body = body.map_err(io::Error::other)?.to_bytes();
        let body: Value = serde_json::from_slice(&body)?;
        self.answer(body["text"].as_str().unwrap_or_default()).await
    }

    async fn answer(&self, text: &str) -> io::Result<Response<String>> {
        // A model takes its time.
        tokio::time::sleep(Duration::from_millis(30)).await;
        let answer = json!({ "label": label(text), "confidence": 0.93 }).to_string();
        Ok(match self.mood(text) {
            Mood::Fine => Response::new(answer),
            Mood::BrokenJson => Response::new(answer[..answer.len() / 2].to_owned()),
            Mood::Unsure => {
                Response::new(json!({ "label": "praise", "confidence": 0.21 }).to_string())
            }
            Mood::Loading => {
                let mut response = Response::new("loading the model".to_owned());
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                response
            }
            Mood::Hang => match pending::<Infallible>().await {},
        })
    }

    fn mood(&self, text: &str) -> Mood {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let times = asked.entry(text.to_owned()).or_default();
        let moods = MOODS.iter().find(|(about, _)| *about == text);
        let mood = moods.and_then(|(_, moods)| moods.get(*times));
        *times += 1;
        mood.copied().unwrap_or(Mood::Fine)
    }
}

fn label(text: &str) -> &'static str {
    let has = |word| text.to_lowercase().contains(word);
    if has("charged") || has("invoice") || has("refund") {
        "billing"
    } else if has("parcel") {
        "delivery"
    } else {
        "technical"
    }
}

struct Leave<'a>(&'a AtomicUsize);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
