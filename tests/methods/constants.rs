//! Values that are constants of the block, or mention its parameters.

use std::time::Duration;

use retry_core::{Policy, retry_methods};

use crate::fault::{Fault, Faulty};

struct Service(Faulty);

#[retry_methods(attempts = Self::ATTEMPTS, backoff = fixed(Self::WAIT), observe = self.0.log)]
impl Service {
    const ATTEMPTS: u32 = 4;
    const WAIT: Duration = Duration::from_secs(2);
    const NAME: &'static str = "renamed";

    #[retry(operation = Self::NAME)]
    async fn run(&self) -> Result<(), Fault> {
        Err(self.0.fail())
    }

    #[retry(policy = Self::policy())]
    async fn other(&self) -> Result<(), Fault> {
        Err(self.0.fail())
    }

    const fn policy() -> Policy {
        Policy::new().attempts(2)
    }
}

struct Generic<T, const N: u32>(Faulty, T);

trait Limits {
    const ATTEMPTS: u32;
}

impl Limits for u8 {
    const ATTEMPTS: u32 = 5;
}

#[retry_methods(attempts = N, backoff = none, observe = self.0.log)]
impl<T, const N: u32> Generic<T, N>
where
    T: Limits + Sync,
{
    async fn constant(&self) -> Result<&T, Fault> {
        if N == 0 {
            return Ok(&self.1);
        }
        Err(self.0.fail())
    }

    #[retry(attempts = T::ATTEMPTS)]
    fn of_the_type(&self) -> Result<&T, Fault> {
        if N == 0 {
            return Ok(&self.1);
        }
        Err(self.0.fail())
    }

    #[retry(attempts = Self::TWICE)]
    fn of_self(&self) -> Result<(), Fault> {
        Err(self.0.fail())
    }

    const TWICE: u32 = 2 * N;
}

#[tokio::test(start_paused = true)]
async fn of_self() {
    let service = Service(Faulty::with(Fault::Busy));
    assert_eq!(service.run().await, Err(Fault::Busy));
    assert_eq!(service.0.log.events()[0].operation, "renamed");
    assert_eq!(service.0.runs(), (4, vec![2_000; 3]));
    assert_eq!(service.other().await, Err(Fault::Busy));
    assert_eq!(service.0.runs().0, 2);
}

#[tokio::test]
async fn of_the_parameters() {
    let generic = Generic::<u8, 3>(Faulty::with(Fault::Busy), 7);
    assert_eq!(generic.constant().await, Err(Fault::Busy));
    assert_eq!(generic.0.runs().0, 3);
    assert_eq!(generic.of_the_type(), Err(Fault::Busy));
    assert_eq!(generic.0.runs().0, 5);
    assert_eq!(generic.of_self(), Err(Fault::Busy));
    assert_eq!(generic.0.runs().0, 6);
}
