//! Which methods are retried.

use retry_core::testing::ManualClock;
use retry_core::{retry, retry_methods};

use crate::fault::{Fault, Faulty};

type Res<T> = Result<T, Fault>;
mod fmt {
    pub(super) type Result<T> = core::result::Result<T, super::Fault>;
}
type FaultResult<T> = Result<T, Fault>;

fn runs(faulty: &Faulty, call: impl FnOnce(&Faulty) -> Result<(), Fault>) -> u32 {
    let clock = ManualClock::new();
    let _installed = clock.install();
    assert_eq!(call(faulty), Err(faulty.fail()));
    faulty.runs().0 - 1
}

macro_rules! count {
    ($method:path) => {
        runs(&Faulty::with(Fault::Busy), $method)
    };
}

#[test]
fn a_return_type_whose_last_word_ends_in_result() {
    struct Service;
    #[retry_methods(attempts = 3)]
    impl Service {
        fn plain(faulty: &Faulty) -> Result<(), Fault> {
            Err(faulty.fail())
        }

        fn path(faulty: &Faulty) -> fmt::Result<()> {
            Err(faulty.fail())
        }

        fn named(faulty: &Faulty) -> FaultResult<()> {
            Err(faulty.fail())
        }

        fn alias(faulty: &Faulty) -> Res<()> {
            Err(faulty.fail())
        }

        #[retry]
        fn marked(faulty: &Faulty) -> Res<()> {
            Err(faulty.fail())
        }

        fn by_hand(faulty: &Faulty) -> impl Future<Output = Result<(), Fault>> {
            std::future::ready(Err(faulty.fail()))
        }

        const fn constant(fault: Fault) -> Result<(), Fault> {
            Err(fault)
        }

        fn nothing(_: &Faulty) {}
    }
    assert_eq!(count!(Service::plain), 3);
    assert_eq!(count!(Service::path), 3);
    assert_eq!(count!(Service::named), 3);
    assert_eq!(count!(Service::alias), 1);
    assert_eq!(count!(Service::marked), 3);
    let faulty = Faulty::with(Fault::Busy);
    drop(Service::by_hand(&faulty));
    assert_eq!(faulty.runs().0, 1);
    const { assert!(Service::constant(Fault::Busy).is_err()) };
    Service::nothing(&faulty);
}

#[test]
fn default_skip_retries_only_what_is_named() {
    struct Service;
    #[retry_methods(attempts = 3, default = skip, methods(listed, with_keys(attempts = 2), out(skip)))]
    impl Service {
        fn left(faulty: &Faulty) -> Result<(), Fault> {
            Err(faulty.fail())
        }

        fn listed(faulty: &Faulty) -> Result<(), Fault> {
            Err(faulty.fail())
        }

        fn with_keys(faulty: &Faulty) -> Result<(), Fault> {
            Err(faulty.fail())
        }

        fn out(faulty: &Faulty) -> Result<(), Fault> {
            Err(faulty.fail())
        }

        #[retry]
        fn marked(faulty: &Faulty) -> Result<(), Fault> {
            Err(faulty.fail())
        }

        #[retry(attempts = 4)]
        fn marked_with_keys(faulty: &Faulty) -> Res<()> {
            Err(faulty.fail())
        }
    }
    assert_eq!(count!(Service::left), 1);
    assert_eq!(count!(Service::listed), 3);
    assert_eq!(count!(Service::with_keys), 2);
    assert_eq!(count!(Service::out), 1);
    assert_eq!(count!(Service::marked), 3);
    assert_eq!(count!(Service::marked_with_keys), 4);
}

#[test]
fn without_keys_the_defaults_are_those_of_retry() {
    struct Service;
    #[retry_methods]
    impl Service {
        fn plain(faulty: &Faulty) -> Result<(), Fault> {
            Err(faulty.fail())
        }
    }
    assert_eq!(count!(Service::plain), 3);
}

#[test]
fn a_name_may_be_a_keyword() {
    struct Service;
    #[retry_methods(methods(r#loop(attempts = 2), match(attempts = 4)))]
    impl Service {
        fn r#loop(faulty: &Faulty) -> Result<(), Fault> {
            Err(faulty.fail())
        }

        fn r#match(faulty: &Faulty) -> Result<(), Fault> {
            Err(faulty.fail())
        }
    }
    assert_eq!(count!(Service::r#loop), 2);
    assert_eq!(count!(Service::r#match), 4);
}

#[test]
fn one_name_may_have_a_method_for_each_platform() {
    struct Service;
    #[retry_methods(attempts = 3, methods(marked(attempts = 2)))]
    impl Service {
        #[cfg(any())]
        fn plain(faulty: &Faulty) -> Result<(), Nowhere> {
            Err(faulty.nothing())
        }

        #[cfg(not(any()))]
        fn plain(faulty: &Faulty) -> Result<(), Fault> {
            Err(faulty.fail())
        }

        #[cfg(any())]
        fn marked(faulty: &Faulty) -> Res<Nowhere> {
            Err(faulty.nothing())
        }

        #[cfg(not(any()))]
        fn marked(faulty: &Faulty) -> Res<()> {
            Err(faulty.fail())
        }

        #[cfg_attr(
            all(),
            expect(clippy::unnecessary_wraps, reason = "so that it survives")
        )]
        #[retry(skip)]
        fn attributed(_: &Faulty) -> Result<(), Fault> {
            Ok(())
        }
    }
    assert_eq!(count!(Service::plain), 3);
    assert_eq!(count!(Service::marked), 2);
    assert_eq!(Service::attributed(&Faulty::with(Fault::Busy)), Ok(()));
}

#[test]
fn methods_that_a_macro_makes_have_attributes_of_their_own() {
    macro_rules! method {
        ($name:ident) => {
            #[retry(attempts = 2)]
            fn $name(faulty: &Faulty) -> Result<(), Fault> {
                Err(faulty.fail())
            }
        };
    }
    struct Service;
    #[retry_methods(attempts = 3)]
    impl Service {
        method!(made);
        fn plain(faulty: &Faulty) -> Result<(), Fault> {
            Err(faulty.fail())
        }
        method! { made_too }
    }
    assert_eq!(count!(Service::made), 2);
    assert_eq!(count!(Service::made_too), 2);
    assert_eq!(count!(Service::plain), 3);
}
