//! A small HTTP server that fails the way real services do.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hyper::body::Incoming;
use hyper::header::RETRY_AFTER;
use hyper::{Request, Response, StatusCode};

use crate::loopback;

/// What the server does with a request.
#[derive(Clone, Copy)]
enum Behaviour {
    Greet,
    NotFound,
    Unavailable,
    /// With a `Retry-After` of one second.
    TooManyRequests,
    /// The connection breaks before the response.
    Reset,
    /// No client waits this long.
    Hang,
}

/// `/users/7` is having a bad day: what its requests meet, one after the other. Then it is well again.
const BAD_DAY: [Behaviour; 5] = [
    Behaviour::Unavailable,
    Behaviour::Unavailable,
    Behaviour::TooManyRequests,
    Behaviour::Reset,
    Behaviour::Hang,
];

/// Starts the server on a free port of this machine. It serves until the runtime ends.
pub(crate) async fn start() -> io::Result<SocketAddr> {
    let asked_for_user = Arc::new(AtomicUsize::new(0));
    loopback::start(move |request| answer(request, Arc::clone(&asked_for_user))).await
}

/// An error breaks the connection.
async fn answer(
    request: Request<Incoming>,
    asked_for_user: Arc<AtomicUsize>,
) -> io::Result<Response<String>> {
    let behaviour = match request.uri().path() {
        "/users/7" => {
            let before = asked_for_user.fetch_add(1, Ordering::Relaxed);
            BAD_DAY.get(before).copied().unwrap_or(Behaviour::Greet)
        }
        "/orders" => Behaviour::Unavailable,
        "/report" => Behaviour::Hang,
        _ => Behaviour::NotFound,
    };
    let (status, body) = match behaviour {
        Behaviour::Greet => (StatusCode::OK, "Ada Lovelace"),
        Behaviour::NotFound => (StatusCode::NOT_FOUND, ""),
        Behaviour::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, ""),
        Behaviour::TooManyRequests => (StatusCode::TOO_MANY_REQUESTS, ""),
        Behaviour::Reset => return Err(io::ErrorKind::ConnectionReset.into()),
        Behaviour::Hang => match pending::<Infallible>().await {},
    };
    let mut response = Response::new(body.to_owned());
    *response.status_mut() = status;
    if status == StatusCode::TOO_MANY_REQUESTS {
        response.headers_mut().insert(RETRY_AFTER, 1.into());
    }
    Ok(response)
}
