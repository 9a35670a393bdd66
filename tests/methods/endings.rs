//! What the caller gets, and what an attempt knows, in a block.

use retry_core::{Attempt, StopReason, retry_methods};

use crate::fault::{Fault, Faulty};

struct Service(Faulty);

#[retry_methods(
    attempts = 3,
    backoff = none,
    observe = self.0.log,
    fallback = |_| Ok(0),
    timeline = 2,
    methods(plain, kept(fallback = Err))
)]
impl Service {
    fn plain(&self) -> Result<u32, Fault> {
        Err(self.0.fail())
    }

    fn kept(&self) -> Result<u32, Fault> {
        Err(self.0.fail())
    }

    #[retry(returns = outcome)]
    fn explained(&self) -> Result<u32, Fault> {
        Err(self.0.fail())
    }

    #[retry(returns = outcome, attempts = 4)]
    async fn explained_later(&self) -> Result<u32, Fault> {
        Err(self.0.fail())
    }

    fn aware(&self, #[attempt] attempt: Attempt) -> Result<u32, Fault> {
        if attempt.number() == 2 {
            return Ok(20);
        }
        Err(self.0.fail())
    }
}

#[tokio::test]
async fn a_fallback_gives_way_to_an_outcome() {
    let service = Service(Faulty::with(Fault::Busy));
    assert_eq!(service.plain(), Ok(0));
    assert_eq!(service.0.runs().0, 3);
    assert_eq!(service.kept(), Err(Fault::Busy));
    assert_eq!(service.0.runs().0, 3);
    let outcome = service.explained();
    assert_eq!(outcome.last_error(), Some(&Fault::Busy));
    assert_eq!(outcome.stop_reason(), Some(StopReason::MaxAttemptsGlobal));
    assert_eq!(outcome.timeline().iter().count(), 2);
    let outcome = service.explained_later().await;
    assert_eq!(outcome.attempts(), 4);
    assert_eq!(service.0.runs().0, 7);
}

#[test]
fn an_attempt_knows_its_number() {
    let service = Service(Faulty::with(Fault::Busy));
    assert_eq!(service.aware(), Ok(20));
    assert_eq!(service.0.runs().0, 1);
}
