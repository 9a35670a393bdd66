//! stub
#![allow(missing_docs)]
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
#[derive(Debug)]
pub struct Bulkhead {
    name: &'static str,
}
#[derive(Debug)]
pub struct BulkheadPermit<'a>(&'a Bulkhead);
pub(crate) struct Ticket<'a>(&'a Bulkhead);
#[derive(Debug, Clone, Copy)]
pub(crate) enum WaitEnd {
    Granted,
    TimedOut,
    GivenUp,
}
impl Bulkhead {
    pub const fn new(name: &'static str, _: u32) -> Self {
        Self { name }
    }
    pub(crate) fn identity(&self) -> &crate::guard::Identity { todo!() } pub fn name(&self) -> &str {
        self.name
    }
    pub(crate) fn try_enter(&self) -> Option<BulkheadPermit<'_>> {
        Some(BulkheadPermit(self))
    }
    pub(crate) fn enqueue(&self, _: Instant) -> Result<Ticket<'_>, ()> {
        Ok(Ticket(self))
    }
    pub(crate) fn longest_wait_allowed(&self) -> Duration {
        Duration::ZERO
    }
}
impl<'a> Ticket<'a> {
    pub(crate) fn poll(&mut self, _: &mut Context<'_>) -> Poll<BulkheadPermit<'a>> {
        Poll::Ready(BulkheadPermit(self.0))
    }
    pub(crate) fn try_take(&mut self) -> Option<BulkheadPermit<'a>> {
        Some(BulkheadPermit(self.0))
    }
    pub(crate) fn finish(self, _: WaitEnd, _: Instant) -> Option<Duration> {
        None
    }
}
