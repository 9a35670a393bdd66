//! HTTP servers on this machine, for the examples that need one.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

/// Starts a server on a free port. It gives the answers of `answer`, and breaks the connection where that is an error. It serves until the
/// runtime ends.
pub(crate) async fn start<F, A>(answer: F) -> io::Result<SocketAddr>
where
    F: Fn(Request<Incoming>) -> A + Clone + Send + 'static,
    A: Future<Output = io::Result<Response<String>>> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, answer.clone()));
        }
    });
    Ok(address)
}

/// Answers the requests of one connection.
async fn serve<F, A>(stream: TcpStream, answer: F)
where
    F: Fn(Request<Incoming>) -> A,
    A: Future<Output = io::Result<Response<String>>>,
{
    let mut connection =
        http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer));
    if (&mut connection).await.is_err() {
        // Closing would end the connection in good order. Without lingering, the client gets a reset.
        let stream = connection.into_parts().io.into_inner();
        let _ = stream.set_zero_linger();
    }
}
