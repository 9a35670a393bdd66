//! Blocks and methods of every shape, and what stands between them.

use std::pin::Pin;
use std::sync::Arc;

use retry_core::testing::Recorder;
use retry_core::{EventKind, retry_methods};

use crate::fault::{Fault, Faulty};

#[derive(Debug, PartialEq)]
struct Fixed<const N: usize>;

struct Client<'a, T>(&'a Faulty, T);

#[retry_methods(backoff = none, observe = self.0.log)]
impl<'a, T> Client<'a, T>
where
    T: Clone + Sync,
{
    #![allow(clippy::missing_const_for_fn)]

    fn by_reference(&self) -> Result<&T, Fault> {
        let _ = self.1.clone();
        Err(self.0.fail())
    }

    fn borrowed_longer(&mut self) -> Result<&'a Faulty, Fault> {
        self.0.fail();
        if false {
            return Err(Fault::Wrong);
        }
        Ok(self.0)
    }

    fn shared(self: &Arc<Self>) -> Result<u32, Fault> {
        Err(self.0.fail())
    }

    async fn pinned(self: Pin<&mut Self>) -> Result<u32, Fault> {
        Err(self.0.fail())
    }

    fn generic<U, const N: usize>(&self, values: &[U; N]) -> Result<usize, Fault>
    where
        U: Into<u64> + Copy,
    {
        let sum: u64 = values.iter().map(|value| (*value).into()).sum();
        if sum > 5 {
            return Ok(N);
        }
        Err(self.0.fail())
    }

    fn array(&self) -> Result<Fixed<{ 1 + 1 }>, Fault> {
        Err(self.0.fail())
    }

    fn callback<F: Fn(u32) -> u32>(
        &self,
        run: F,
    ) -> Result<impl Iterator<Item = u32> + use<T, F>, Fault>
    where
        T: 'static,
    {
        self.0.fail();
        if run(1) == 2 {
            return Err(Fault::Wrong);
        }
        Ok(std::iter::once(run(2)))
    }
}

#[tokio::test]
async fn in_a_block_with_parameters() {
    let faulty = Faulty::with(Fault::Busy);
    let mut client = Client(&faulty, "text");
    assert_eq!(client.by_reference(), Err(Fault::Busy));
    assert_eq!(faulty.runs().0, 3);
    assert!(client.borrowed_longer().is_ok());
    assert_eq!(faulty.runs().0, 1);
    assert_eq!(Pin::new(&mut client).pinned().await, Err(Fault::Busy));
    assert_eq!(faulty.runs().0, 3);
    assert_eq!(client.generic(&[1_u32, 2]), Err(Fault::Busy));
    assert_eq!(client.generic(&[5_u8, 5]), Ok(2));
    assert_eq!(faulty.runs().0, 3);
    assert_eq!(client.array(), Err(Fault::Busy));
    assert_eq!(faulty.runs().0, 3);
    let made = client.callback(|number| number * 3).map(Iterator::sum);
    assert_eq!(made, Ok::<u32, Fault>(6));
    assert_eq!(faulty.runs().0, 1);
    assert_eq!(Arc::new(client).shared(), Err(Fault::Busy));
    assert_eq!(faulty.runs().0, 3);
}

trait Source {
    type Item;
    const NAME: &'static str;
    fn next(&mut self) -> Result<Self::Item, Fault>;
    fn later(&self) -> impl Future<Output = Result<u32, Fault>> + Send;
    fn len(&self) -> usize;
}

#[retry_methods(attempts = 2, backoff = none)]
#[expect(non_snake_case, reason = "attributes on the block survive")]
impl Source for Faulty {
    type Item = u32;
    const NAME: &'static str = "faulty";

    fn next(&mut self) -> Result<Self::Item, Fault> {
        #![expect(
            clippy::no_effect_underscore_binding,
            reason = "as do those in the body"
        )]
        let _NAME = Self::NAME;
        Err(self.fail())
    }

    async fn later(&self) -> Result<u32, Fault> {
        tokio::task::yield_now().await;
        Err(self.fail())
    }

    fn len(&self) -> usize {
        Self::NAME.len()
    }
}

#[tokio::test]
async fn in_a_trait_impl() {
    let mut faulty = Faulty::with(Fault::Busy);
    assert_eq!(faulty.next(), Err(Fault::Busy));
    assert_eq!(faulty.runs().0, 2);
    assert_eq!(faulty.later().await, Err(Fault::Busy));
    assert_eq!(faulty.runs().0, 2);
    assert_eq!(faulty.len(), 6);
}

#[test]
fn in_an_unsafe_impl_with_an_unsafe_method() {
    /// # Safety
    ///
    /// None needed.
    #[expect(unsafe_code, reason = "the shape")]
    unsafe trait Risky {
        /// # Safety
        ///
        /// None needed.
        unsafe fn run(&self) -> Result<(), Fault>;
    }
    #[expect(unsafe_code, reason = "the shape")]
    #[retry_methods]
    unsafe impl Risky for Faulty {
        unsafe fn run(&self) -> Result<(), Fault> {
            Err(self.fail())
        }
    }
    let faulty = Faulty::with(Fault::Busy);
    // SAFETY: nothing is asked for.
    #[expect(unsafe_code, reason = "the shape")]
    let result = unsafe { faulty.run() };
    assert_eq!(result, Err(Fault::Busy));
    assert_eq!(faulty.runs().0, 3);
}

#[test]
fn the_block_may_come_from_a_macro() {
    macro_rules! service {
        ($name:ident, $fault:ty, $body:block, $($block:item)?) => {
            struct $name(Faulty);
            #[retry_methods(attempts = 2, backoff = none)]
            impl $name {
                fn run(&self) -> Result<(), $fault> {
                    Err(self.0.fail())
                }

                fn block() -> Result<u32, $fault> $body
            }
            $(#[retry_methods(attempts = 4, backoff = none)] $block)?
        };
    }
    service!(Service, Fault, { Ok(1) }, impl Service {
        fn other(&self) -> Result<(), Fault> {
            Err(self.0.fail())
        }
    });
    let service = Service(Faulty::with(Fault::Busy));
    assert_eq!(service.run(), Err(Fault::Busy));
    assert_eq!(service.0.runs().0, 2);
    assert_eq!(service.other(), Err(Fault::Busy));
    assert_eq!(service.0.runs().0, 4);
    assert_eq!(Service::block(), Ok(1));
}

/// Everything that the prelude has, as something else.
mod shadowed {
    #![expect(dead_code, reason = "they only have to be in the way")]

    use crate::fault::{Fault, Faulty};

    pub(super) struct Result;
    pub(super) struct Ok;
    pub(super) struct Err;
    pub(super) struct Some;
    pub(super) struct None;
    pub(super) struct Option;
    pub(super) struct Policy;
    pub(super) mod core {}
    pub(super) mod std {}

    pub(super) struct Service(pub(super) Faulty);

    #[retry_core::retry_methods(attempts = 2, backoff = fixed("1ns"))]
    impl Service {
        pub(super) fn blocking(&self) -> ::core::result::Result<(), Fault> {
            ::core::result::Result::Err(self.0.fail())
        }

        pub(super) async fn asynchronous(&self) -> ::core::result::Result<(), Fault> {
            ::core::result::Result::Err(self.0.fail())
        }
    }
}

#[tokio::test]
async fn names_of_the_prelude_may_be_shadowed() {
    let service = shadowed::Service(Faulty::with(Fault::Busy));
    assert_eq!(service.blocking(), Err(Fault::Busy));
    assert_eq!(service.asynchronous().await, Err(Fault::Busy));
    assert_eq!(service.0.runs().0, 4);
}

#[test]
fn other_attributes_stay_in_place() {
    struct Service;
    #[retry_methods(backoff = none)]
    #[allow(clippy::unnecessary_wraps)]
    impl Service {
        #[inline]
        #[must_use = "it may fail"]
        #[retry(attempts = 2)]
        #[doc(hidden)]
        fn run(recorder: &Recorder) -> Result<(), Fault> {
            assert_eq!(recorder.count(EventKind::Retry), 0);
            Ok(())
        }
    }
    assert_eq!(Service::run(&Recorder::new()), Ok(()));
}
