//! Connections that are used again. The pool opens one whenever none is idle: it knows no limit and no queue. That is for the bulkhead.

use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;

use crate::database::TOO_MANY;

pub(crate) struct Pool {
    address: SocketAddr,
    idle: Mutex<Vec<Connection>>,
}

type Connection = BufStream<TcpStream>;

impl Pool {
    pub(crate) const fn new(address: SocketAddr) -> Self {
        Self {
            address,
            idle: Mutex::new(Vec::new()),
        }
    }

    /// Asks on an idle connection, or on a new one. A connection that has failed is not used again.
    pub(crate) async fn ask(&self, query: &str) -> io::Result<String> {
        // Not in the `match`, where the lock would be held until its end.
        let idle = self.idle().pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => BufStream::new(TcpStream::connect(self.address).await?),
        };
        connection
            .write_all(format!("{query}\n").as_bytes())
            .await?;
        connection.flush().await?;
        let mut answer = String::new();
        connection.read_line(&mut answer).await?;
        match answer.trim_end() {
            "" => Err(io::ErrorKind::UnexpectedEof.into()),
            TOO_MANY => Err(io::Error::new(io::ErrorKind::QuotaExceeded, TOO_MANY)),
            answer => {
                self.idle().push(connection);
                Ok(answer.to_owned())
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
