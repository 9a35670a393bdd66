//! The sites of the lints, a module for each. Names are unique but where they are not to be.

use std::io;
use std::time::Duration;

use retry_core::{Backoff, Policy, Stopped, retry};

const SECOND: Duration = Duration::from_secs(1);

pub(crate) mod unlimited {
    use super::*;

    #[retry(attempts = unlimited)]
    fn without_a_deadline() -> io::Result<()> {
        Ok(())
    }

    #[retry(attempts = unlimited, deadline = "1m")]
    fn with_a_deadline() -> io::Result<()> {
        Ok(())
    }

    #[retry(attempts = unlimited, allow(unlimited_without_deadline))]
    fn unlimited_on_purpose() -> io::Result<()> {
        Ok(())
    }
}

pub(crate) mod worst_case {
    use super::*;

    #[retry(retry_after = ignore, backoff = fixed("20s"))]
    fn long() -> io::Result<()> {
        Ok(())
    }

    #[retry(attempts = unlimited, allow(unlimited_without_deadline))]
    fn forever() -> io::Result<()> {
        Ok(())
    }

    #[retry(deadline = "30s")]
    fn in_half_a_minute() -> io::Result<()> {
        Ok(())
    }

    #[retry(deadline = "1h", allow(long_worst_case))]
    fn worst_case_on_purpose() -> io::Result<()> {
        Ok(())
    }
}

pub(crate) mod conversion {
    use super::*;

    #[derive(Debug, retry_core::Classify)]
    #[classify(transient)]
    pub(super) struct Lost;

    #[derive(Debug, retry_core::Classify)]
    #[classify(transient)]
    pub(super) struct Carrying;

    impl From<Stopped> for Carrying {
        fn from(_: Stopped) -> Self {
            Self
        }
    }

    const CUT: Policy = Policy::new().attempt_timeout(SECOND);

    #[retry(attempt_timeout = "1s", returns = outcome)]
    async fn by_key() -> Result<(), Lost> {
        Ok(())
    }

    #[retry(policy = CUT, returns = outcome)]
    async fn by_policy<T: Default>() -> Result<T, Lost> {
        Ok(T::default())
    }

    #[retry(policy = CUT, returns = outcome)]
    async fn carried() -> Result<&'static str, Carrying> {
        Ok("")
    }

    #[retry(policy = Policy::AGGRESSIVE, returns = outcome)]
    async fn never_cut() -> Result<(), Lost> {
        Ok(())
    }

    #[retry(policy = CUT, returns = outcome, allow(timeout_without_conversion))]
    async fn conversion_on_purpose() -> Result<(), Lost> {
        Ok(())
    }
}

pub(crate) mod effect {
    use super::*;

    const CUT: Policy = Policy::new().attempt_timeout(SECOND);

    #[retry(policy = CUT)]
    fn blocking() -> io::Result<()> {
        Ok(())
    }

    #[retry(policy = CUT)]
    async fn asynchronous() -> io::Result<()> {
        Ok(())
    }

    #[retry(policy = CUT, allow(timeout_without_effect))]
    fn effect_on_purpose() -> io::Result<()> {
        Ok(())
    }
}

pub(crate) mod jitter {
    use super::*;
    use retry_core::{Budget, Bulkhead};

    static PLACES: Bulkhead = Bulkhead::new("places", 3);
    static RETRIES: Budget = Budget::new("retries in step");

    #[retry(backoff = fixed("1s"), bulkhead = PLACES)]
    fn fixed() -> io::Result<()> {
        Ok(())
    }

    #[retry(rate_limit(backoff = schedule("1s", "5s")), budget = RETRIES)]
    fn of_a_class() -> io::Result<()> {
        Ok(())
    }

    #[retry(backoff = none, operation = "twice")]
    fn one() -> io::Result<()> {
        Ok(())
    }

    #[retry(backoff = none, operation = "twice")]
    fn another() -> io::Result<()> {
        Ok(())
    }

    #[retry(backoff = exponential("1s", max = "1s", min = "1s"), bulkhead = PLACES)]
    fn no_room_for_jitter() -> io::Result<()> {
        Ok(())
    }

    #[retry(backoff = fixed("1s"))]
    fn not_shared() -> io::Result<()> {
        Ok(())
    }

    #[retry(backoff = fixed("1s", jitter = 0.1), bulkhead = PLACES)]
    fn with_jitter() -> io::Result<()> {
        Ok(())
    }

    #[retry(backoff = decorrelated("1s"), rate_limit = never, bulkhead = PLACES)]
    fn random() -> io::Result<()> {
        Ok(())
    }

    #[retry(attempts = 1, bulkhead = PLACES)]
    fn jitter_once() -> io::Result<()> {
        Ok(())
    }

    #[retry(backoff = fixed("1s"), bulkhead = PLACES, allow(shared_without_jitter))]
    fn jitter_on_purpose() -> io::Result<()> {
        Ok(())
    }
}

pub(crate) mod conflict {
    use super::*;

    const PATIENT: Policy = Policy::new().backoff(Backoff::exponential(SECOND));

    #[retry(operation = "load")]
    fn quick() -> io::Result<()> {
        Ok(())
    }

    #[retry(policy = PATIENT, operation = "load")]
    fn patient() -> io::Result<()> {
        Ok(())
    }

    #[retry(attempts = 3, operation = "load")]
    fn as_quick() -> io::Result<()> {
        Ok(())
    }

    #[retry(operation = "store")]
    fn store() -> io::Result<()> {
        Ok(())
    }

    #[retry(operation = "store", attempts = 5, allow(conflicting_policies))]
    fn store_on_purpose() -> io::Result<()> {
        Ok(())
    }
}

pub(crate) mod load {
    use super::*;
    use retry_core::{Budget, CircuitBreaker};

    static CIRCUIT: CircuitBreaker = CircuitBreaker::new("load");
    static RETRIES: Budget = Budget::new("load");

    #[retry(breaker = CIRCUIT)]
    fn with_a_static() -> io::Result<()> {
        Ok(())
    }

    #[retry(breaker = *breaker)]
    fn with_a_place(breaker: &CircuitBreaker) -> io::Result<()> {
        Ok(())
    }

    #[retry(breaker = CIRCUIT, budget = RETRIES)]
    fn with_a_budget() -> io::Result<()> {
        Ok(())
    }

    #[retry(breaker = CIRCUIT, attempts = 1)]
    fn load_once() -> io::Result<()> {
        Ok(())
    }

    #[retry(breaker = CIRCUIT, allow(breaker_without_budget))]
    fn load_on_purpose() -> io::Result<()> {
        Ok(())
    }
}
