//! Invoices to be mailed, and the servers that take them.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use retry_core::Classify;

use crate::journal::Past;

/// In a real program, these come from a database or a broker.
const INVOICES: [(&str, Server); 5] = [
    ("invoice-1", Server::Fine),
    ("invoice-2", Server::Greylisting),
    ("invoice-3", Server::NoSuchUser),
    ("invoice-4", Server::Down),
    ("invoice-5", Server::Fine),
];

/// What a mail server does.
#[derive(Clone, Copy)]
enum Server {
    Fine,
    /// It takes nothing from strangers, unless they come back twice.
    Greylisting,
    NoSuchUser,
    /// For as long as the worker runs; while it is restarted, somebody puts the server right.
    Down,
}

pub(crate) struct Job {
    pub(crate) name: &'static str,
    /// An earlier run of the worker has begun it.
    pub(crate) again: bool,
    server: Server,
    sent: AtomicU32,
}

/// Why an invoice was not delivered.
#[derive(Debug, thiserror::Error, Classify)]
pub(crate) enum NotDelivered {
    #[error("451 come back later")]
    #[classify(transient)]
    ComeBackLater,
    #[error("550 no such user")]
    #[classify(permanent)]
    NoSuchUser,
    #[error(transparent)]
    #[classify(transparent)]
    Connection(#[from] io::Error),
}

/// What is left to do, in the order of the invoices: so first what was begun.
pub(crate) fn queue(past: &Past) -> VecDeque<Job> {
    let left = INVOICES.iter().filter(|(name, _)| !past.has_ended(name));
    left.map(|&(name, server)| Job {
        name,
        again: past.has_begun(name),
        server,
        sent: AtomicU32::new(0),
    })
    .collect()
}

impl Job {
    /// One attempt.
    pub(crate) async fn send(&self) -> Result<(), NotDelivered> {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let earlier = self.sent.fetch_add(1, Ordering::Relaxed);
        match self.server {
            Server::Greylisting if earlier < 2 => Err(NotDelivered::ComeBackLater),
            Server::NoSuchUser => Err(NotDelivered::NoSuchUser),
            Server::Down if !self.again => {
                Err(io::Error::from(io::ErrorKind::ConnectionRefused).into())
            }
            Server::Fine | Server::Greylisting | Server::Down => Ok(()),
        }
    }
}
