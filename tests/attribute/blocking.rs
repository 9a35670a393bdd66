//! Sync functions and methods.

use std::fmt::Display;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use retry_core::retry;

use crate::fault::{Fault, Runs};

#[test]
fn a_question_mark_fails_the_attempt_and_not_the_call() {
    #[retry(backoff = none)]
    fn run(runs: &Runs) -> Result<u32, Fault> {
        let run = runs.flaky_until(3)?;
        Ok(run * 10)
    }
    let runs = Runs::new();
    assert_eq!((run(&runs), runs.count()), (Ok(30), 3));
}

#[test]
fn an_early_return_ends_the_attempt() {
    #[retry(backoff = none)]
    fn run(runs: &Runs) -> Result<&'static str, Fault> {
        if runs.flaky_until(2).is_err() {
            return Err(Fault::Flaky);
        }
        if runs.count() == 2 {
            return Ok("early");
        }
        Ok("late")
    }
    let runs = Runs::new();
    assert_eq!((run(&runs), runs.count()), (Ok("early"), 2));
}

#[test]
fn the_last_error_comes_back_as_it_was() {
    #[retry(attempts = 4, backoff = none)]
    fn run(runs: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(100)
    }
    let runs = Runs::new();
    assert_eq!((run(&runs), runs.count()), (Err(Fault::Flaky), 4));
}

#[test]
fn a_permanent_error_is_not_retried() {
    #[retry(attempts = 4, backoff = none)]
    fn run(runs: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(1)?;
        Err(Fault::Fatal)
    }
    let runs = Runs::new();
    assert_eq!((run(&runs), runs.count()), (Err(Fault::Fatal), 1));
}

#[derive(Debug, Default)]
struct Client {
    runs: Runs,
    log: Vec<u32>,
    name: String,
}

impl Client {
    #[retry(backoff = none)]
    fn shared(&self, wanted: u32) -> Result<u32, Fault> {
        self.runs.flaky_until(wanted)
    }

    #[retry(backoff = none)]
    fn exclusive(&mut self, wanted: u32) -> Result<usize, Fault> {
        self.log.push(wanted);
        self.runs.flaky_until(wanted)?;
        Ok(self.log.len())
    }

    #[retry(backoff = none)]
    fn coerced(&self) -> Result<&str, Fault> {
        self.runs.flaky_until(2)?;
        Ok(&self.name)
    }

    #[retry(backoff = none)]
    fn by_value(self) -> Result<usize, Fault> {
        self.runs.flaky_until(2)?;
        Ok(self.name.len())
    }

    #[retry(backoff = none)]
    fn counted(self: Arc<Self>) -> Result<u32, Fault> {
        self.runs.flaky_until(2)
    }

    #[retry(backoff = none)]
    fn single_threaded(self: &Rc<Self>) -> Result<u32, Fault> {
        self.runs.flaky_until(2)
    }

    #[retry(backoff = none)]
    fn pinned(self: Pin<&mut Self>) -> Result<u32, Fault> {
        self.runs.flaky_until(2)
    }

    #[retry(backoff = none)]
    #[expect(clippy::boxed_local, reason = "that is the test")]
    fn boxed(self: Box<Self>) -> Result<u32, Fault> {
        self.runs.flaky_until(2)
    }

    #[retry(backoff = none)]
    fn made(runs: &Runs) -> Result<Self, Fault> {
        runs.flaky_until(3)?;
        Ok(Self {
            name: "made".to_owned(),
            ..Self::default()
        })
    }
}

#[test]
fn every_receiver_is_shared_by_the_attempts() {
    assert_eq!(Client::default().shared(3), Ok(3));
    assert_eq!(Client::default().exclusive(3), Ok(3));
    let named = Client {
        name: "abc".to_owned(),
        ..Client::default()
    };
    assert_eq!(named.coerced(), Ok("abc"));
    assert_eq!(named.by_value(), Ok(3));
    assert_eq!(Arc::new(Client::default()).counted(), Ok(2));
    assert_eq!(Rc::new(Client::default()).single_threaded(), Ok(2));
    assert_eq!(Pin::new(&mut Client::default()).pinned(), Ok(2));
    assert_eq!(Box::new(Client::default()).boxed(), Ok(2));
}

#[test]
fn self_is_the_type_in_the_body_and_the_return_type() {
    let runs = Runs::new();
    assert_eq!(
        Client::made(&runs).map(|client| client.name),
        Ok("made".to_owned())
    );
    assert_eq!(runs.count(), 3);
}

#[test]
fn borrowed_arguments_come_back_in_the_value() {
    #[retry(backoff = none)]
    fn longer<'a>(left: &'a str, right: &'a str, runs: &Runs) -> Result<&'a str, Fault> {
        runs.flaky_until(2)?;
        Ok(if left.len() > right.len() {
            left
        } else {
            right
        })
    }
    assert_eq!(longer("ab", "abc", &Runs::new()), Ok("abc"));
}

#[test]
fn an_elided_lifetime_stays_elided() {
    struct Wrapped<'a>(&'a str);
    #[retry(backoff = none)]
    fn wrap(text: &str) -> Result<Wrapped<'_>, Fault> {
        Ok(Wrapped(text))
    }
    assert_eq!(wrap("a").map(|wrapped| wrapped.0), Ok("a"));
}

#[test]
fn generics_and_where_clauses_stay() {
    #[retry(backoff = none)]
    fn show<T, const N: usize>(values: [T; N], runs: &Runs) -> Result<String, Fault>
    where
        T: Display,
    {
        runs.flaky_until(2)?;
        Ok(values
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(","))
    }
    assert_eq!(show([1, 2], &Runs::new()), Ok("1,2".to_owned()));
}

#[test]
fn a_const_generic_can_be_the_number_of_attempts() {
    #[retry(attempts = N, backoff = none)]
    fn run<const N: u32>(runs: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(100)
    }
    let runs = Runs::new();
    assert_eq!((run::<5>(&runs), runs.count()), (Err(Fault::Flaky), 5));
}

#[test]
fn a_const_of_the_type_can_be_the_number_of_attempts() {
    struct Limited<const LIMIT: u32>(Runs);
    impl<const LIMIT: u32> Limited<LIMIT> {
        const TWICE: u32 = LIMIT * 2;

        #[retry(attempts = LIMIT, backoff = none)]
        fn plain(&self) -> Result<u32, Fault> {
            self.0.flaky_until(100)
        }

        #[retry(attempts = Self::TWICE, backoff = none)]
        fn twice(&self) -> Result<u32, Fault> {
            self.0.flaky_until(100)
        }
    }
    let limited = Limited::<2>(Runs::new());
    assert_eq!((limited.plain(), limited.0.count()), (Err(Fault::Flaky), 2));
    let limited = Limited::<2>(Runs::new());
    assert_eq!((limited.twice(), limited.0.count()), (Err(Fault::Flaky), 4));
}

#[test]
fn impl_trait_works_in_arguments() {
    #[retry(backoff = none)]
    fn double(number: impl Into<u32> + Copy, runs: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(2)?;
        let number: u32 = number.into();
        Ok(number * 2)
    }
    assert_eq!(double(3_u8, &Runs::new()), Ok(6));
}

#[test]
fn an_opaque_value_is_one_type_in_every_attempt() {
    #[retry(backoff = none)]
    fn numbers(up_to: u32, runs: &Runs) -> Result<impl Iterator<Item = u32> + use<>, Fault> {
        runs.flaky_until(2)?;
        Ok(0..up_to)
    }
    assert_eq!(
        numbers(3, &Runs::new()).map(Iterator::collect),
        Ok(vec![0, 1, 2])
    );
}

#[test]
fn patterns_in_arguments_are_bound_once() {
    struct Point {
        x: u32,
        y: u32,
    }
    #[retry(backoff = none)]
    fn sum(
        (a, b): (u32, u32),
        Point { x, y: up }: Point,
        [first, ..]: [u32; 3],
        _: u32,
        whole @ (_, _): (u32, u32),
        runs: &Runs,
    ) -> Result<u32, Fault> {
        runs.flaky_until(2)?;
        Ok(a + b + x + up + first + whole.0)
    }
    assert_eq!(
        sum(
            (1, 2),
            Point { x: 3, y: 4 },
            [5, 0, 0],
            0,
            (6, 0),
            &Runs::new()
        ),
        Ok(21)
    );
}

#[test]
fn an_owned_argument_that_is_only_borrowed_needs_no_clone() {
    struct NotClone(u32);
    #[retry(backoff = none)]
    fn run(text: String, value: NotClone, runs: &Runs) -> Result<usize, Fault> {
        runs.flaky_until(2)?;
        Ok(text.len() + value.0 as usize)
    }
    assert_eq!(run("abc".to_owned(), NotClone(4), &Runs::new()), Ok(7));
}

trait Source {
    fn runs(&self) -> &Runs;

    fn implemented(&self) -> Result<u32, Fault>;

    /// Has a body of its own.
    #[retry(backoff = none)]
    fn inherited(&self, wanted: u32) -> Result<u32, Fault> {
        self.runs().flaky_until(wanted)
    }
}

impl Source for Runs {
    fn runs(&self) -> &Runs {
        self
    }

    #[retry(backoff = none)]
    fn implemented(&self) -> Result<u32, Fault> {
        self.flaky_until(3)
    }
}

#[test]
fn trait_methods_are_retried_where_they_have_a_body() {
    assert_eq!(Runs::new().implemented(), Ok(3));
    assert_eq!(Runs::new().inherited(2), Ok(2));
    let object: &dyn Source = &Runs::new();
    assert_eq!(object.inherited(2), Ok(2));
}

#[test]
fn a_recursive_function_retries_at_each_depth() {
    #[retry(attempts = 2, backoff = none)]
    fn down(depth: u32, runs: &Runs) -> Result<u32, Fault> {
        if depth == 0 {
            return runs.flaky_until(4);
        }
        down(depth - 1, runs)
    }
    let runs = Runs::new();
    assert_eq!((down(2, &runs), runs.count()), (Ok(4), 4));
}

#[test]
fn closures_labels_and_nested_functions_keep_their_returns() {
    #[retry(backoff = none)]
    fn run(runs: &Runs) -> Result<u32, Fault> {
        fn nested() -> u32 {
            return_early(true)
        }
        fn return_early(early: bool) -> u32 {
            if early {
                return 1;
            }
            2
        }
        let closure = |value: u32| -> u32 {
            if value > 1 {
                return value;
            }
            0
        };
        let found = 'outer: loop {
            for value in 0.. {
                if value == 3 {
                    break 'outer value;
                }
            }
        };
        runs.flaky_until(2)?;
        Ok(nested() + closure(2) + found)
    }
    assert_eq!(run(&Runs::new()), Ok(6));
}

#[test]
fn other_attributes_docs_and_inner_attributes_stay() {
    /// Documented.
    #[retry(backoff = none)]
    #[inline]
    #[must_use = "it was a lot of work"]
    #[expect(clippy::mixed_attributes_style, reason = "that is the test")]
    fn run(runs: &Runs) -> Result<u32, Fault> {
        #![expect(clippy::let_and_return, reason = "that is the test")]
        let run = runs.flaky_until(2)?;
        let result = Ok(run);
        result
    }
    assert_eq!(run(&Runs::new()), Ok(2));
}

#[test]
fn arguments_behind_cfg_are_left_alone() {
    #[retry(backoff = none, clone(there))]
    fn run(
        #[cfg(test)] there: String,
        #[cfg(any())] missing: String,
        runs: &Runs,
    ) -> Result<String, Fault> {
        runs.flaky_until(2)?;
        Ok(there)
    }
    assert_eq!(
        run("there".to_owned(), &Runs::new()),
        Ok("there".to_owned())
    );
}

#[test]
fn raw_identifiers_are_names_too() {
    #[retry(backoff = none, clone(r#type))]
    fn r#match(r#type: String, runs: &Runs) -> Result<String, Fault> {
        runs.flaky_until(2)?;
        Ok(r#type)
    }
    assert_eq!(r#match("t".to_owned(), &Runs::new()), Ok("t".to_owned()));
}

#[test]
fn a_foreign_calling_convention_stays() {
    #[retry(backoff = none)]
    #[expect(improper_ctypes_definitions, reason = "nobody calls it from C")]
    extern "C" fn run(runs: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(2)
    }
    assert_eq!(run(&Runs::new()), Ok(2));
}

#[test]
fn a_body_that_never_gets_to_its_end_is_no_dead_code() {
    #[retry(backoff = none)]
    fn refuses(runs: &Runs) -> Result<u32, Fault> {
        return runs.flaky_until(2);
    }
    #[retry(backoff = none, clone(text))]
    fn consumes(text: String, runs: &Runs) -> Result<String, Fault> {
        loop {
            if runs.flaky_until(2).is_ok() {
                return Ok(text);
            }
        }
    }
    assert_eq!(refuses(&Runs::new()), Ok(2));
    assert_eq!(consumes("t".to_owned(), &Runs::new()), Ok("t".to_owned()));
}

#[test]
fn an_alias_of_result_is_a_result() {
    type Answer<T> = Result<T, Fault>;
    #[retry(backoff = none)]
    fn run(runs: &Runs) -> Answer<u32> {
        runs.flaky_until(2)
    }
    assert_eq!(run(&Runs::new()), Ok(2));
}

#[test]
fn the_bare_attribute_is_the_default_policy() {
    let clock = retry_core::testing::ManualClock::new();
    let _installed = clock.install();
    #[retry]
    fn bare(runs: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(100)
    }
    #[retry()]
    fn empty(runs: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(100)
    }
    for run in [bare, empty] {
        let runs = Runs::new();
        assert_eq!((run(&runs), runs.count()), (Err(Fault::Flaky), 3));
    }
}
