//! A bulkhead in front of a pool of ten connections, and its contention statistics.
//!
//! ```sh
//! cargo run --example connection_pool
//! ```
//!
//! The database takes ten connections and refuses the eleventh. Callers come in bursts, first without the bulkhead and then with it. What to
//! look at:
//!
//! - **refused** by the database: without the bulkhead most of a burst is, and tries again in vain. With it nobody is, as ten are inside at a
//!   time and the others wait for their turn.
//! - **turned away** at once, as the queue is full, and **in vain**, as the database is slow and the longest wait is over: nobody hangs.
//! - **the statistics** at the end: how many had to wait and for how long. They say whether ten are enough.

mod database;
mod pool;

use std::error::Error;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use retry_core::{Bulkhead, BulkheadStatistics, Classify, StopReason, Stopped, retry};
use tokio::task::JoinSet;

use crate::database::Database;
use crate::pool::Pool;

/// One for the database, shared by all that use its connections. Who finds it full queues for a while; then it is better to say no.
static DATABASE: Bulkhead = Bulkhead::new("database", 10)
    .queue(20)
    .wait(Duration::from_millis(300))
    .contention_after(Duration::from_millis(10));

struct Orders {
    pool: Pool,
}

/// The same query twice. The key `bulkhead` is the only difference.
impl Orders {
    #[retry(attempts = 2, backoff = fixed("10ms"))]
    async fn count_unguarded(&self) -> Result<String, QueryError> {
        Ok(self.pool.ask("select count(*) from orders").await?)
    }

    // Each attempt has a place of its own: none is held during a sleep.
    #[retry(attempts = 2, backoff = fixed("10ms"), bulkhead = DATABASE)]
    async fn count(&self) -> Result<String, QueryError> {
        Ok(self.pool.ask("select count(*) from orders").await?)
    }
}

#[derive(Debug, thiserror::Error, Classify)]
enum QueryError {
    #[error(transparent)]
    #[classify(transparent)]
    Connection(#[from] io::Error),
    /// A call that finds no place has no other error.
    #[error(transparent)]
    #[classify(transparent)]
    Stopped(#[from] Stopped),
}

impl QueryError {
    /// By the database.
    fn is_refusal(&self) -> bool {
        matches!(self, Self::Connection(error) if error.kind() == io::ErrorKind::QuotaExceeded)
    }

    fn is_full_bulkhead(&self) -> bool {
        matches!(self, Self::Stopped(stopped) if stopped.reason() == StopReason::BulkheadFull)
    }
}

/// So many callers at the same moment, and how long a query takes then.
struct Burst {
    name: &'static str,
    callers: usize,
    query_ms: u64,
}

const BURSTS: [Burst; 4] = [
    Burst {
        name: "a quiet moment",
        callers: 8,
        query_ms: 50,
    },
    Burst {
        name: "a busy moment",
        callers: 25,
        query_ms: 50,
    },
    Burst {
        name: "far too many",
        callers: 60,
        query_ms: 50,
    },
    Burst {
        name: "a slow database",
        callers: 25,
        query_ms: 1000,
    },
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout();
    let without = Side::start(false).await?;
    let with = Side::start(true).await?;

    writeln!(out, "{:35}without a bulkhead    with a bulkhead", "")?;
    writeln!(
        out,
        "{:16}  query  callers  answered  refused    answered  refused  turned away  in vain",
        ""
    )?;
    for burst in &BURSTS {
        let before = DATABASE.statistics();
        let (left, right) = tokio::try_join!(without.meet(burst), with.meet(burst))?;
        let after = DATABASE.statistics();
        writeln!(
            out,
            "{:<15} {:>4} ms  {:>7}  {:>8}  {:>7}    {:>8}  {:>7}  {:>11}  {:>7}",
            burst.name,
            burst.query_ms,
            burst.callers,
            left.answered,
            left.refused,
            right.answered,
            right.refused,
            after.rejected - before.rejected,
            after.timed_out - before.timed_out,
        )?;
    }
    Ok(print(&DATABASE.statistics(), &mut out)?)
}

/// The callers of one side of the table, with a database of their own.
struct Side {
    database: Database,
    orders: Arc<Orders>,
    guarded: bool,
}

/// What became of the callers of a burst.
#[derive(Default)]
struct Tally {
    answered: usize,
    /// By the database, which has too many connections.
    refused: usize,
}

impl Side {
    async fn start(guarded: bool) -> io::Result<Self> {
        let database = Database::start().await?;
        Ok(Self {
            orders: Arc::new(Orders {
                pool: Pool::new(database.address),
            }),
            database,
            guarded,
        })
    }

    async fn meet(&self, burst: &Burst) -> Result<Tally, QueryError> {
        self.database
            .set_query_time(Duration::from_millis(burst.query_ms));
        let mut callers = JoinSet::new();
        for _ in 0..burst.callers {
            let (orders, guarded) = (Arc::clone(&self.orders), self.guarded);
            callers.spawn(async move {
                if guarded {
                    orders.count().await
                } else {
                    orders.count_unguarded().await
                }
            });
        }
        let mut tally = Tally::default();
        for result in callers.join_all().await {
            match result {
                Ok(_) => tally.answered += 1,
                Err(error) if error.is_refusal() => tally.refused += 1,
                // The bulkhead counts them, and knows how long they waited.
                Err(error) if error.is_full_bulkhead() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(tally)
    }
}

fn print(statistics: &BulkheadStatistics, out: &mut impl Write) -> io::Result<()> {
    let ms = |wait: Duration| format!("{:.0} ms", wait.as_secs_f64() * 1000.0);
    writeln!(out, "\nthe statistics of the bulkhead")?;
    writeln!(out, "  got a place     {:>4}", statistics.acquired)?;
    writeln!(out, "  turned away     {:>4}", statistics.rejected)?;
    writeln!(
        out,
        "  had to wait     {:>4}, {} of them in vain",
        statistics.waits(),
        statistics.timed_out
    )?;
    writeln!(
        out,
        "  waits                 half up to {}, 90 % up to {}, the longest {}",
        ms(statistics.wait_percentile(50.0)),
        ms(statistics.wait_percentile(90.0)),
        ms(statistics.longest_wait())
    )?;
    writeln!(
        out,
        "  contention            {:.0} % of those who were not turned away waited for longer than {}",
        100.0 * statistics.contention_rate(),
        ms(DATABASE.settings().contention_after)
    )?;
    writeln!(out, "\nthe same in one line\n  {statistics}")
}
