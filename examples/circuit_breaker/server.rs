//! A payment service that can be switched off and on, and counts what it is asked.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use hyper::{Response, StatusCode};

use crate::loopback;

/// While it is down, the load balancer in front of it answers: 503.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    up: AtomicBool,
    requests: AtomicUsize,
}

impl Service {
    pub(crate) async fn start() -> io::Result<Self> {
        let shared = Arc::new(Shared {
            up: AtomicBool::new(true),
            requests: AtomicUsize::new(0),
        });
        let answering = Arc::clone(&shared);
        let address = loopback::start(move |_| {
            let answer = answering.answer();
            async { Ok(answer) }
        })
        .await?;
        Ok(Self { address, shared })
    }

    pub(crate) fn switch(&self, up: bool) {
        self.shared.up.store(up, Ordering::Relaxed);
    }

    /// The requests that have arrived since this was last asked.
    pub(crate) fn take_requests(&self) -> usize {
        self.shared.requests.swap(0, Ordering::Relaxed)
    }
}

impl Shared {
    fn answer(&self) -> Response<String> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let mut response = Response::new(String::new());
        if !self.up.load(Ordering::Relaxed) {
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        }
        response
    }
}
