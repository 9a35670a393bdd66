//! Names of the user's that look like those of the expansion, and worlds without the usual names.

/// Everything that the prelude has, as something else.
mod shadowed {
    #![expect(
        dead_code,
        non_camel_case_types,
        reason = "they only have to be in the way"
    )]

    use crate::fault::{Fault, Runs};

    pub(super) struct Result;
    pub(super) struct Ok;
    pub(super) struct Err;
    pub(super) struct Some;
    pub(super) struct None;
    pub(super) struct Option;
    pub(super) struct Box;
    pub(super) struct Future;
    pub(super) struct Clone;
    pub(super) struct Policy;
    pub(super) struct Site;
    pub(super) struct u64;
    pub(super) mod core {}
    pub(super) mod std {}
    pub(super) mod alloc {}

    #[retry_core::retry(attempts = 3, backoff = fixed("1ns"), deadline = "1m", clone(text))]
    pub(super) fn blocking(
        text: ::std::string::String,
        runs: &Runs,
    ) -> ::core::result::Result<usize, Fault> {
        runs.flaky_until(2)?;
        ::core::result::Result::Ok(text.len())
    }

    #[retry_core::retry(attempts = 3, backoff = none, attempt_timeout = "1s", on_stop = |_| Fault::Fatal)]
    pub(super) async fn asynchronous(runs: &Runs) -> ::core::result::Result<u32, Fault> {
        runs.flaky_until(2)
    }

    pub(super) struct Outcome;

    #[retry_core::retry(backoff = none, fallback = |_| ::core::result::Result::Ok(0))]
    pub(super) fn fallback(
        #[attempt] attempt: retry_core::Attempt,
        runs: &Runs,
    ) -> ::core::result::Result<u32, Fault> {
        runs.flaky_until(9)?;
        ::core::result::Result::Ok(attempt.number())
    }

    #[retry_core::retry(backoff = none, fallback = async |_: Fault| ::core::result::Result::Ok(0))]
    pub(super) async fn later(
        #[attempt] attempt: retry_core::Attempt,
        runs: &Runs,
    ) -> ::core::result::Result<u32, Fault> {
        runs.flaky_until(9)?;
        ::core::result::Result::Ok(attempt.number())
    }

    #[retry_core::retry(backoff = none, returns = outcome)]
    pub(super) fn outcome(runs: &Runs) -> ::core::result::Result<u32, Fault> {
        runs.flaky_until(3)
    }
}

mod names {
    use retry_core::retry;

    use crate::fault::{Fault, Runs};

    #[retry(backoff = none)]
    pub(super) async fn asynchronous(
        __driver: u32,
        __last: u32,
        __end: u32,
        __attempt: u32,
        __output: u32,
        runs: &Runs,
    ) -> Result<u32, Fault> {
        let __stopped = 1;
        runs.flaky_until(2)?;
        Ok(__driver + __last + __end + __attempt + __output + __stopped)
    }

    #[retry(backoff = none, fallback = async |__end: Fault| {
        let __output = u32::from(__end == Fault::Flaky);
        Ok(__error + __known + __typed + __output)
    })]
    pub(super) async fn answered(
        __error: u32,
        __known: u32,
        #[attempt] attempt: retry_core::Attempt,
        __typed: u32,
        runs: &Runs,
    ) -> Result<u32, Fault> {
        runs.flaky_until(9)?;
        Ok(__error + __known + __typed + attempt.number())
    }
}

mod names_of_sync {
    use retry_core::retry;

    use crate::fault::{Fault, Runs};

    #[retry(backoff = none, clone(__copy), fallback = |__end| Ok(__error + __output + u32::from(__end == Fault::Flaky)))]
    pub(super) fn blocking(
        __error: u32,
        __known: u32,
        #[attempt] attempt: retry_core::Attempt,
        __output: u32,
        __copy: u32,
        runs: &Runs,
    ) -> Result<u32, Fault> {
        runs.flaky_until(9)?;
        Ok(__error + __known + attempt.number() + __output + __copy)
    }
}

/// Nothing is there unless it is named.
mod bare {
    #![no_implicit_prelude]

    use crate::fault::{Fault, Runs};

    #[::retry_core::retry(attempts = 3, backoff = exponential("1ns"), deadline = "1m", clone(text))]
    pub(super) fn blocking(
        text: ::std::string::String,
        runs: &Runs,
    ) -> ::core::result::Result<::std::string::String, Fault> {
        runs.flaky_until(2)?;
        ::core::result::Result::Ok(text)
    }

    #[::retry_core::retry(
        backoff = none,
        retry_until = |run| *run > 3,
        on_stop = |_| Fault::Fatal,
        fallback = async |_| ::core::result::Result::Ok(1)
    )]
    pub(super) async fn asynchronous(
        runs: &Runs,
        #[attempt] _attempt: ::retry_core::Attempt,
    ) -> ::core::result::Result<u32, Fault> {
        runs.flaky_until(2)
    }

    pub(super) struct Client(pub(super) Runs);

    #[::retry_core::retry_methods(attempts = 2, backoff = none)]
    impl Client {
        pub(super) fn plain(&self) -> ::core::result::Result<u32, Fault> {
            self.0.flaky_until(2)
        }
    }

    #[derive(::retry_core::Classify)]
    pub(super) enum Problem {
        #[classify(transparent)]
        Fault(Fault),
        #[classify(rate_limit, retry_after = wait, reason = "quota")]
        Busy {
            wait: ::core::option::Option<::core::time::Duration>,
        },
    }
}

mod hijacked {
    use retry_core::retry;

    use crate::fault::{Fault, Runs};

    /// Methods on everything.
    #[expect(dead_code, reason = "they only have to be in the way")]
    pub(super) trait Greedy: Sized {
        fn attempts(self) -> Self {
            unreachable!()
        }
        fn abort(self) -> Self {
            unreachable!()
        }
        fn clone(&self) -> Self {
            unreachable!()
        }
        fn known(&self) -> Self {
            unreachable!()
        }
        fn carry(self) -> Self {
            unreachable!()
        }
        fn checked(self) -> Self {
            unreachable!()
        }
    }
    impl<T> Greedy for T {}

    #[retry(attempts = 2, backoff = none, clone(text))]
    pub(super) fn blocking(text: String, runs: &Runs) -> Result<String, Fault> {
        runs.flaky_until(2)?;
        Ok(text)
    }
}

mod renamed {
    pub(super) mod facade {
        pub(crate) use retry_core as runtime;
    }

    use crate::fault::{Fault, Runs};

    #[facade::runtime::retry(crate = crate::hygiene::renamed::facade::runtime, backoff = none, attempts = 2)]
    pub(super) fn blocking(runs: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(2)
    }
}

use crate::fault::Runs;

#[tokio::test]
async fn shadowed_names_do_not_matter() {
    assert_eq!(shadowed::blocking("abc".to_owned(), &Runs::new()), Ok(3));
    assert_eq!(shadowed::asynchronous(&Runs::new()).await, Ok(2));
    assert_eq!(shadowed::fallback(&Runs::new()), Ok(0));
    assert_eq!(shadowed::later(&Runs::new()).await, Ok(0));
    assert_eq!(shadowed::outcome(&Runs::new()).attempts(), 3);
}

#[tokio::test]
async fn names_of_the_expansion_are_free_for_arguments() {
    assert_eq!(
        names::asynchronous(1, 2, 3, 4, 5, &Runs::new()).await,
        Ok(16)
    );
    assert_eq!(names::answered(10, 20, 30, &Runs::new()).await, Ok(61));
}

#[test]
fn names_of_the_expansion_are_free_for_arguments_of_a_sync_function() {
    assert_eq!(names_of_sync::blocking(1, 2, 30, 400, &Runs::new()), Ok(32));
}

#[tokio::test]
async fn no_prelude_is_needed() {
    use retry_core::{Classify as _, ErrorClass};
    let text = bare::blocking("abc".to_owned(), &Runs::new());
    assert_eq!(text, Ok("abc".to_owned()));
    assert_eq!(bare::asynchronous(&Runs::new()).await, Ok(1));
    assert_eq!(bare::Client(Runs::new()).plain(), Ok(2));
    let problem = bare::Problem::Fault(crate::fault::Fault::Fatal);
    assert_eq!(problem.classify().class, ErrorClass::Permanent);
    let problem = bare::Problem::Busy { wait: None };
    assert_eq!(problem.classify().reason, Some("quota"));
}

#[test]
fn methods_on_everything_are_not_called() {
    assert_eq!(
        hijacked::blocking("t".to_owned(), &Runs::new()),
        Ok("t".to_owned())
    );
}

#[test]
fn the_runtime_may_have_another_path() {
    assert_eq!(renamed::blocking(&Runs::new()), Ok(2));
}
