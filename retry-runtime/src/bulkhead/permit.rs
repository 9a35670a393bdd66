//! The right to be inside.

use std::fmt;

use super::Bulkhead;

/// The right to be inside a [`Bulkhead`], given back when it is dropped, also by a panic.
///
/// It may be dropped on another thread than the one that got it.
///
/// ```
/// use retry_core::Bulkhead;
///
/// static POOL: Bulkhead = Bulkhead::new("database", 1);
///
/// let permit = POOL.try_acquire()?;
/// assert_eq!(POOL.in_use(), 1);
/// drop(permit);
/// assert_eq!(POOL.in_use(), 0);
/// # Ok::<(), retry_core::BulkheadFull>(())
/// ```
#[must_use = "the permit is given back when it is dropped: keep it for as long as the work takes"]
pub struct BulkheadPermit<'a> {
    bulkhead: &'a Bulkhead,
}

impl<'a> BulkheadPermit<'a> {
    /// For somebody whom the gate has let in, and who has no other.
    #[inline]
    pub(crate) const fn of(bulkhead: &'a Bulkhead) -> Self {
        Self { bulkhead }
    }
}

impl Drop for BulkheadPermit<'_> {
    #[inline]
    fn drop(&mut self) {
        self.bulkhead.gate.leave();
    }
}

impl fmt::Debug for BulkheadPermit<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("BulkheadPermit")
            .field("bulkhead", &self.bulkhead.name())
            .finish_non_exhaustive()
    }
}
