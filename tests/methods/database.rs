//! A client of a database, ten methods under one attribute: defaults, the table, attributes of single methods, and skips.

use std::time::Duration;

use retry_core::testing::{ManualClock, Recorder};
use retry_core::{EventKind, retry_methods};

use crate::fault::{Fault, Faulty};

type Answer<T> = Result<T, Fault>;
type Rows = Vec<String>;

static CONNECTING: Faulty = Faulty::with(Fault::Busy);
static CONNECTIONS: Recorder = Recorder::new();

struct Database {
    server: Faulty,
    cursor: u32,
}

#[retry_methods(
    attempts = 4,
    backoff = fixed("100ms"),
    attempt_timeout = "5s",
    rate_limit(attempts = 2, backoff = fixed("1s")),
    observe = self.server.log,
    methods(
        execute(attempts = 2),
        begin(backoff = linear("200ms"), jitter = none),
        migrate(skip),
        ping,
    )
)]
impl Database {
    /// How many rows a page has.
    const PAGE: usize = 10;

    /// 1: a function without a receiver, with its own place for events.
    #[retry(observe = CONNECTIONS)]
    fn connect(fault: Fault) -> Result<Self, Fault> {
        if fault == Fault::Busy {
            return Err(CONNECTING.fail());
        }
        Ok(Self {
            server: Faulty::with(fault),
            cursor: 0,
        })
    }

    /// 2: the defaults.
    async fn query(&self, _sql: &str) -> Result<Rows, Fault> {
        Err(self.server.fail())
    }

    /// 3: a class rule over that of the defaults.
    #[retry(rate_limit(attempts = 3))]
    async fn query_one(&self, sql: &str) -> Result<String, Fault> {
        tokio::task::yield_now().await;
        let _ = sql;
        Err(self.server.fail())
    }

    /// 4: the table.
    async fn execute(&self, _sql: &str) -> Result<usize, Fault> {
        Err(self.server.fail())
    }

    /// 5: the table, with a backoff in place of the default.
    async fn begin(&mut self) -> Result<(), Fault> {
        self.cursor += 1;
        Err(self.server.fail())
    }

    /// 6: skipped by the table.
    async fn migrate(&self) -> Result<(), Fault> {
        tokio::task::yield_now().await;
        Err(self.server.fail())
    }

    /// 7: an alias, included by the table.
    fn ping(&self) -> Answer<()> {
        Err(self.server.fail())
    }

    /// 8: an alias, included by its attribute.
    #[retry]
    async fn fetch<'a>(&'a self, into: &mut Vec<&'a str>) -> Answer<usize> {
        into.push("row");
        if into.len() < Self::PAGE {
            return Err(self.server.fail());
        }
        Ok(into.len())
    }

    /// 9: skipped by its attribute.
    #[retry(skip)]
    fn rollback(&mut self) -> Result<(), Fault> {
        self.cursor = 0;
        Err(self.server.fail())
    }

    /// 10: sync, with a deadline of its own.
    #[retry(deadline = "250ms", attempts = unlimited, clone(table))]
    fn lock(&self, table: String) -> Result<String, Fault> {
        if table.is_empty() {
            return Ok(table);
        }
        Err(self.server.fail())
    }

    /// Not retried: it returns no result, and an alias that nobody named.
    const fn position(&self) -> u32 {
        self.cursor
    }

    fn status(&self) -> Answer<()> {
        Err(self.server.fail())
    }
}

const fn failing(fault: Fault) -> Database {
    Database {
        server: Faulty::with(fault),
        cursor: 0,
    }
}

#[test]
fn connect_is_retried_without_a_receiver() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    assert!(Database::connect(Fault::Busy).is_err());
    assert_eq!((CONNECTING.runs().0, clock.elapsed()), (4, ms(300)));
    assert_eq!(CONNECTIONS.delays(), [ms(100); 3]);
    assert_eq!(CONNECTIONS.events()[0].operation, "Database::connect");
    assert!(Database::connect(Fault::Wrong).is_ok());
}

#[tokio::test(start_paused = true)]
async fn query_has_the_defaults() {
    let database = failing(Fault::Busy);
    assert_eq!(database.query("").await, Err(Fault::Busy));
    assert_eq!(database.server.runs(), (4, vec![100, 100, 100]));
    let database = failing(Fault::TooMany);
    assert_eq!(database.query("").await, Err(Fault::TooMany));
    assert_eq!(database.server.runs(), (2, vec![1_000]));
    let database = failing(Fault::Wrong);
    assert_eq!(database.query("").await, Err(Fault::Wrong));
    assert_eq!(database.server.runs(), (1, vec![]));
}

#[tokio::test(start_paused = true)]
async fn query_one_keeps_the_backoff_of_the_class_and_raises_its_cap() {
    let database = failing(Fault::TooMany);
    assert_eq!(database.query_one("").await, Err(Fault::TooMany));
    assert_eq!(database.server.runs(), (3, vec![1_000, 1_000]));
    let database = failing(Fault::Busy);
    assert_eq!(database.query_one("").await, Err(Fault::Busy));
    assert_eq!(database.server.runs(), (4, vec![100, 100, 100]));
}

#[tokio::test(start_paused = true)]
async fn execute_has_the_attempts_of_the_table() {
    let database = failing(Fault::Busy);
    assert_eq!(database.execute("").await, Err(Fault::Busy));
    assert_eq!(database.server.runs(), (2, vec![100]));
}

#[tokio::test(start_paused = true)]
async fn begin_has_the_backoff_of_the_table() {
    let mut database = failing(Fault::Busy);
    assert_eq!(database.begin().await, Err(Fault::Busy));
    assert_eq!(database.server.runs(), (4, vec![200, 400, 600]));
    assert_eq!(database.position(), 4);
}

#[tokio::test(start_paused = true)]
async fn migrate_and_rollback_are_skipped() {
    let mut database = failing(Fault::Busy);
    assert_eq!(database.migrate().await, Err(Fault::Busy));
    assert_eq!(database.server.runs(), (1, vec![]));
    assert_eq!(database.rollback(), Err(Fault::Busy));
    assert_eq!(database.server.runs(), (1, vec![]));
}

#[test]
fn ping_is_retried_because_it_is_named() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let database = failing(Fault::Busy);
    assert_eq!(database.ping(), Err(Fault::Busy));
    assert_eq!(database.server.runs(), (4, vec![100, 100, 100]));
    assert_eq!(clock.elapsed(), ms(300));
}

#[tokio::test(start_paused = true)]
async fn fetch_is_retried_because_it_is_marked() {
    let database = failing(Fault::Busy);
    let mut rows = Vec::new();
    assert_eq!(database.fetch(&mut rows).await, Err(Fault::Busy));
    assert_eq!(database.server.runs(), (4, vec![100, 100, 100]));
    assert_eq!(rows.len(), 4);
}

#[test]
fn lock_has_its_own_deadline() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let database = failing(Fault::Busy);
    assert_eq!(database.lock("users".to_owned()), Err(Fault::Busy));
    let last = database.server.log.events().pop().expect("an event");
    assert_eq!(last.kind, EventKind::DeadlineExceeded);
    assert_eq!(last.operation, "Database::lock");
    assert_eq!(database.server.runs(), (3, vec![100, 100]));
    assert_eq!(clock.elapsed(), ms(200));
    assert_eq!(database.lock(String::new()), Ok(String::new()));
}

#[test]
fn what_returns_no_result_by_name_is_left_alone() {
    let database = failing(Fault::Busy);
    assert_eq!(database.status(), Err(Fault::Busy));
    assert_eq!(database.server.runs(), (1, vec![]));
}

#[tokio::test(start_paused = true)]
async fn the_default_timeout_cuts_async_methods() {
    struct Slow(Faulty);
    #[retry_methods(attempts = 3, backoff = none, attempt_timeout = "5s", observe = self.0.log)]
    impl Slow {
        async fn wait(&self) -> Result<(), Fault> {
            self.0.fail();
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok(())
        }

        /// Nothing cuts it, so the default is not for it.
        fn block(&self) -> Result<(), Fault> {
            Err(self.0.fail())
        }
    }
    let slow = Slow(Faulty::with(Fault::Busy));
    let start = tokio::time::Instant::now();
    assert_eq!(slow.wait().await, Err(Fault::Stopped));
    assert_eq!(slow.0.runs(), (3, vec![0, 0]));
    assert_eq!(start.elapsed(), Duration::from_secs(15));
    assert_eq!(slow.block(), Err(Fault::Busy));
    assert_eq!(slow.0.runs(), (3, vec![0, 0]));
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
