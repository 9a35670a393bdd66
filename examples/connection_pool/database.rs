//! A database that takes ten connections and no more, as databases do. A query is a line, and so is its answer.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};

const MAX_CONNECTIONS: usize = 10;

/// What it says before it closes a connection that is one too many.
pub(crate) const TOO_MANY: &str = "too many connections";

pub(crate) struct Database {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    /// Those that are being refused, too.
    connections: AtomicUsize,
    query_ms: AtomicU64,
}

impl Database {
    /// Starts it on a free port of this machine. It serves until the runtime ends.
    pub(crate) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let database = Self {
            address: listener.local_addr()?,
            shared: Arc::new(Shared {
                connections: AtomicUsize::new(0),
                query_ms: AtomicU64::new(0),
            }),
        };
        let shared = Arc::clone(&database.shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    shared.connections.fetch_add(1, Ordering::Relaxed);
                    // An error is that of a client who has gone.
                    let _ = shared.serve(stream).await;
                    shared.connections.fetch_sub(1, Ordering::Relaxed);
                });
            }
        });
        Ok(database)
    }

    /// How long a query takes from now on.
    pub(crate) fn set_query_time(&self, time: Duration) {
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.shared.query_ms.store(ms, Ordering::Relaxed);
    }
}

impl Shared {
    async fn serve(&self, stream: TcpStream) -> io::Result<()> {
        let mut stream = BufStream::new(stream);
        if self.connections.load(Ordering::Relaxed) > MAX_CONNECTIONS {
            stream.write_all(format!("{TOO_MANY}\n").as_bytes()).await?;
            return stream.flush().await;
        }
        let mut query = String::new();
        while stream.read_line(&mut query).await? > 0 {
            let time = Duration::from_millis(self.query_ms.load(Ordering::Relaxed));
            tokio::time::sleep(time).await;
            stream.write_all(b"1 row\n").await?;
            stream.flush().await?;
            query.clear();
        }
        Ok(())
    }
}
