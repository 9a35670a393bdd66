//! Methods with every receiver, alone and in blocks.

use core::pin::Pin;
use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use retry_core::{AbortSignal, Attempt, Observer as _, retry, retry_methods};

use crate::errors::{Lost, StoreError};
use crate::functions::Counter;

/// A client.
#[derive(Debug, Default)]
pub struct Client {
    /// Where.
    path: String,
    /// What.
    log: Vec<usize>,
    /// How often.
    counter: Counter,
    /// Until when.
    shutdown: AbortSignal,
}

impl Client {
    /// How often.
    const ATTEMPTS: u32 = 5;

    /// Makes one.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    #[retry(attempts = Self::ATTEMPTS)]
    pub fn connect(path: &str) -> io::Result<Self> {
        let read = std::fs::read_to_string(path)?;
        Ok(Self {
            path: read,
            ..Self::default()
        })
    }

    /// Shares.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    #[retry(observe = self.counter, abort = self.shutdown, on_retry = |event| self.counter.on_event(event))]
    pub fn shared(&self) -> io::Result<&str> {
        let read = std::fs::read_to_string(&self.path)?;
        Ok(if read.is_empty() { "" } else { &self.path })
    }

    /// Shares, later.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    #[retry(observe = self.counter, abort = self.shutdown, fallback = async |_| Ok(&self.path))]
    pub async fn shared_async(&self) -> io::Result<&str> {
        let read = crate::functions::plain_async(&self.path).await?;
        Ok(if read.is_empty() { "" } else { &self.path })
    }

    /// Changes.
    ///
    /// # Errors
    ///
    /// When it is short.
    #[retry(fallback = |error| if self.log.is_empty() { Err(error) } else { Ok(0) })]
    pub fn exclusive(&mut self) -> Result<usize, Lost> {
        self.log.push(1);
        if self.log.len() < 3 {
            return Err(Lost);
        }
        Ok(self.log.len())
    }

    /// Changes, later.
    ///
    /// # Errors
    ///
    /// When it is short.
    #[retry]
    pub async fn exclusive_async(&mut self, #[attempt] attempt: Attempt) -> Result<usize, Lost> {
        core::future::ready(()).await;
        self.log.push(1);
        if attempt.is_last() {
            return Err(Lost);
        }
        Ok(self.log.len())
    }

    /// Is owned.
    ///
    /// # Errors
    ///
    /// When it is short.
    #[retry(carry(self))]
    pub fn owned(mut self) -> Result<usize, Lost> {
        self.log.push(1);
        if self.log.len() < 3 {
            return Err(Lost);
        }
        Ok(self.log.len())
    }

    /// Is counted.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    #[retry]
    pub async fn counted(self: Arc<Self>) -> io::Result<String> {
        crate::functions::plain_async(&self.path).await
    }

    /// Is pinned.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    #[retry]
    pub async fn pinned(self: Pin<&mut Self>) -> io::Result<String> {
        crate::functions::plain_async(&self.path).await
    }
}

/// Something that can be asked.
pub trait Source {
    /// Asks.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    fn ask(&self, name: &str) -> Result<String, StoreError>;

    /// Asks twice.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    #[retry]
    #[inline]
    fn ask_twice(&self, name: &str) -> Result<(String, String), StoreError> {
        let first = self.ask(name)?;
        Ok((first, self.ask(name)?))
    }
}

#[retry_methods(default = skip, attempts = 2, backoff = fixed("1s"))]
impl Source for Client {
    #[retry]
    fn ask(&self, name: &str) -> Result<String, StoreError> {
        let read = std::fs::read_to_string(name)?;
        Ok(read)
    }
}

/// Something that can be asked and takes its time.
#[async_trait]
pub trait Slow {
    /// Asks.
    async fn ask(&self, name: &str) -> Result<String, StoreError>;

    /// Changes.
    async fn change(&mut self, by: usize) -> Result<usize, Lost>;
}

#[async_trait]
impl Slow for Client {
    #[retry(attempt_timeout = "1s")]
    async fn ask(&self, name: &str) -> Result<String, StoreError> {
        let read = crate::functions::plain_async(name).await?;
        Ok(read)
    }

    #[retry(clone(by))]
    async fn change(&mut self, mut by: usize) -> Result<usize, Lost> {
        by = by.saturating_add(1);
        self.log.push(by);
        Ok(by)
    }
}

/// A database.
#[derive(Debug)]
pub struct Database<T> {
    /// All.
    rows: Vec<T>,
}

#[retry_methods(
    attempts = 4,
    backoff = fixed("100ms"),
    attempt_timeout = "5s",
    allow(conflicting_policies, long_worst_case),
    rate_limit(attempts = 2, backoff = fixed("1s")),
    methods(execute(attempts = 2), migrate(skip))
)]
impl<T> Database<T>
where
    T: Clone + Send + Sync,
{
    /// Reads.
    ///
    /// # Errors
    ///
    /// When there is nothing.
    pub async fn query(&self) -> Result<&[T], StoreError> {
        core::future::ready(Ok(&*self.rows)).await
    }

    /// Writes.
    ///
    /// # Errors
    ///
    /// When there is nothing.
    pub fn execute(&mut self, row: &T) -> Result<usize, StoreError> {
        self.rows.push(row.clone());
        if self.rows.len() > 9 {
            return Err(StoreError::Conflict);
        }
        Ok(self.rows.len())
    }

    /// Adds.
    ///
    /// # Errors
    ///
    /// When there is nothing.
    #[retry(clone(row), rate_limit(attempts = 3), allow(shared_without_jitter))]
    pub fn add(&mut self, row: T) -> Result<usize, StoreError> {
        self.rows.push(row);
        if self.rows.len() > 9 {
            return Err(StoreError::Conflict);
        }
        Ok(self.rows.len())
    }

    /// Moves.
    ///
    /// # Errors
    ///
    /// When there is too much.
    #[inline]
    pub fn migrate(&mut self) -> Result<(), StoreError> {
        self.rows.clear();
        if self.rows.capacity() > 9 {
            return Err(StoreError::Conflict);
        }
        Ok(())
    }
}
