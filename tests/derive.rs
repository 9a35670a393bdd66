//! `#[derive(Classify)]` on every shape of type, run: what comes out, and that nothing about the expansion is warned about.

#![deny(
    warnings,
    missing_docs,
    unsafe_code,
    unused_qualifications,
    single_use_lifetimes,
    unreachable_code,
    clippy::pedantic,
    clippy::nursery
)]
// The workspace warns about the alternative, `pub` in a private module.
#![allow(clippy::redundant_pub_crate)]

extern crate retry_core as renamed;

use std::fmt;
use std::io::{self, ErrorKind};
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use retry_core::{Classification, Classify, ErrorClass, Stopped, retry};

const SECOND: Duration = Duration::from_secs(1);

fn refused() -> io::Error {
    ErrorKind::ConnectionRefused.into()
}

/// What is known of an error: its class, its hint, its reason.
fn parts(error: &impl Classify) -> (ErrorClass, Option<Duration>, Option<&'static str>) {
    let verdict = error.classify();
    (verdict.class, verdict.retry_after, verdict.reason)
}

fn class(error: &impl Classify) -> ErrorClass {
    error.classify().class
}

#[derive(Classify)]
enum Words {
    #[classify(auth)]
    Auth,
    #[classify(permission)]
    Permission(),
    #[classify(permanent)]
    Permanent {},
    #[classify(concurrency)]
    Concurrency(#[expect(dead_code)] u8),
    #[classify(rate_limit)]
    RateLimit {
        #[expect(dead_code)]
        limit: u8,
    },
    #[classify(server_error)]
    ServerError,
    #[classify(transient)]
    Transient,
    #[classify(unknown)]
    Unknown,
}

#[test]
fn each_word_is_its_class() {
    let words = [
        Words::Auth,
        Words::Permission(),
        Words::Permanent {},
        Words::Concurrency(1),
        Words::RateLimit { limit: 1 },
        Words::ServerError,
        Words::Transient,
        Words::Unknown,
    ];
    let classes: Vec<_> = words.iter().map(parts).collect();
    assert_eq!(classes, ErrorClass::ALL.map(|class| (class, None, None)));
}

mod hints {
    use super::*;

    #[derive(Classify)]
    enum Hinted<'a> {
        #[classify(rate_limit, retry_after = wait)]
        Named { wait: Duration },
        #[classify(retry_after = 1, server_error)]
        Numbered(#[expect(dead_code)] String, Option<Duration>),
        #[classify(unknown, retry_after = 0)]
        Borrowed(&'a Option<Duration>),
        #[classify(concurrency)]
        #[classify(retry_after = r#type)]
        #[classify(reason = "locked")]
        Raw { r#type: &'a Duration },
        #[classify(transient, retry_after = r#wait)]
        Unraw { wait: Duration },
    }

    #[test]
    fn a_hint_is_read_from_its_field() {
        let hint = Some(SECOND);
        assert_eq!(
            parts(&Hinted::Named { wait: SECOND }),
            (ErrorClass::RateLimit, hint, None)
        );
        let numbered = |hint| parts(&Hinted::Numbered(String::new(), hint));
        assert_eq!(numbered(hint), (ErrorClass::ServerError, hint, None));
        assert_eq!(numbered(None), (ErrorClass::ServerError, None, None));
        assert_eq!(
            parts(&Hinted::Borrowed(&hint)),
            (ErrorClass::Unknown, hint, None)
        );
        assert_eq!(
            parts(&Hinted::Raw { r#type: &SECOND }),
            (ErrorClass::Concurrency, hint, Some("locked"))
        );
        assert_eq!(
            parts(&Hinted::Unraw { wait: SECOND }),
            (ErrorClass::Transient, hint, None)
        );
    }
}

mod statuses {
    use super::*;

    #[derive(Classify)]
    enum Answer<'a> {
        #[classify(status = code)]
        Named { code: u16 },
        #[classify(status = 1, retry_after = 0)]
        Hinted(Option<Duration>, http::StatusCode),
        #[classify(status = 0)]
        Borrowed(&'a http::StatusCode),
        #[classify(status = 0, reason = "gateway")]
        Signed(i32),
        #[classify(status = 0)]
        Wide(u128),
        #[classify(status = 0)]
        Narrow(u8),
        #[classify(status = 0)]
        Pointer(&'a &'a isize),
    }

    #[test]
    fn a_status_is_classified_by_the_one_rule() {
        for code in 0..1000 {
            let expected = retry_core::classify::http_status(code);
            assert_eq!(class(&Answer::Named { code }), expected, "{code}");
            assert_eq!(class(&Answer::Wide(code.into())), expected, "{code}");
            assert_eq!(
                class(&Answer::Pointer(&&isize::try_from(code).unwrap())),
                expected
            );
        }
        let too_many = http::StatusCode::TOO_MANY_REQUESTS;
        assert_eq!(
            parts(&Answer::Hinted(Some(SECOND), too_many)),
            (ErrorClass::RateLimit, Some(SECOND), None)
        );
        assert_eq!(class(&Answer::Borrowed(&too_many)), ErrorClass::RateLimit);
        assert_eq!(
            parts(&Answer::Signed(502)),
            (ErrorClass::ServerError, None, Some("gateway"))
        );
    }

    #[test]
    fn a_number_that_is_no_status_is_unknown() {
        assert_eq!(class(&Answer::Signed(-429)), ErrorClass::Unknown);
        assert_eq!(class(&Answer::Wide(429 + 65536)), ErrorClass::Unknown);
        assert_eq!(class(&Answer::Narrow(200)), ErrorClass::Unknown);
    }
}

mod pointers {
    use super::*;

    #[derive(Classify)]
    enum Wrapped<'a> {
        #[classify(transparent)]
        Plain(io::Error),
        #[classify(transparent)]
        Boxed { source: Box<io::Error> },
        #[classify(transparent)]
        Shared(Arc<io::Error>),
        #[classify(transparent)]
        Counted(Rc<Words>),
        #[classify(transparent)]
        Borrowed(&'a io::Error),
        #[classify(transparent)]
        Erased(Box<dyn std::error::Error + Send + Sync>),
        #[classify(transparent, reason = "from outside")]
        Explained(hints_of::Told),
        #[classify(transparent)]
        Silent(hints_of::Told),
    }

    #[test]
    fn what_points_to_an_error_says_what_it_says() {
        let error = refused();
        let wrapped = [
            Wrapped::Plain(refused()),
            Wrapped::Boxed {
                source: Box::new(refused()),
            },
            Wrapped::Shared(Arc::new(refused())),
            Wrapped::Counted(Rc::new(Words::Transient)),
            Wrapped::Borrowed(&error),
            Wrapped::Erased(refused().into()),
        ];
        for wrapped in &wrapped {
            assert_eq!(class(wrapped), ErrorClass::Transient);
        }
    }

    #[test]
    fn hint_and_reason_are_passed_on_and_an_own_reason_wins() {
        let told = || hints_of::Told;
        let hint = Some(SECOND);
        assert_eq!(
            parts(&Wrapped::Silent(told())),
            (ErrorClass::RateLimit, hint, Some("inside"))
        );
        assert_eq!(
            parts(&Wrapped::Explained(told())),
            (ErrorClass::RateLimit, hint, Some("from outside"))
        );
    }
}

mod hints_of {
    use super::*;

    /// Says everything.
    pub(crate) struct Told;

    impl Classify for Told {
        fn classify(&self) -> Classification {
            Classification::new(ErrorClass::RateLimit)
                .with_retry_after(SECOND)
                .with_reason("inside")
        }
    }
}

mod functions {
    #![expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "the functions are given a reference to whatever the field is"
    )]

    use super::*;

    const BECAUSE: &str = "because";

    #[derive(Classify)]
    enum Judged<T> {
        #[classify(with = by_number)]
        Class(u32),
        #[classify(with = Self::verdict)]
        Verdict { told: hints_of::Told },
        #[classify(with = Named::class, reason = BECAUSE)]
        Coerced(Box<Named>),
        #[classify(with = generic::<T>)]
        Generic(PhantomData<T>),
        #[classify(with = <str as ByName>::class)]
        Trait(String),
    }

    const fn by_number(number: &u32) -> ErrorClass {
        if *number == 0 {
            ErrorClass::Permanent
        } else {
            ErrorClass::Concurrency
        }
    }

    struct Named(ErrorClass);

    impl Named {
        const fn class(&self) -> ErrorClass {
            self.0
        }
    }

    const fn generic<T>(_: &PhantomData<T>) -> ErrorClass {
        ErrorClass::ServerError
    }

    trait ByName {
        fn class(&self) -> ErrorClass;
    }

    impl ByName for str {
        fn class(&self) -> ErrorClass {
            self.parse().unwrap_or(ErrorClass::Unknown)
        }
    }

    impl<T> Judged<T> {
        fn verdict(told: &hints_of::Told) -> Classification {
            told.classify()
        }
    }

    #[derive(Classify)]
    #[classify(with = Self::class, reason = "both")]
    struct Whole {
        left: bool,
        right: bool,
    }

    impl Whole {
        const fn class(&self) -> ErrorClass {
            if self.left && self.right {
                ErrorClass::Transient
            } else {
                ErrorClass::Permanent
            }
        }
    }

    #[derive(Classify)]
    #[classify(with = tuple)]
    struct Tuple(u32);

    const fn tuple(whole: &Tuple) -> ErrorClass {
        by_number(&whole.0)
    }

    #[test]
    fn a_function_is_asked() {
        type Any = Judged<Vec<u8>>;
        assert_eq!(class(&Any::Class(0)), ErrorClass::Permanent);
        assert_eq!(class(&Any::Class(1)), ErrorClass::Concurrency);
        assert_eq!(
            parts(&Any::Verdict {
                told: hints_of::Told
            }),
            (ErrorClass::RateLimit, Some(SECOND), Some("inside"))
        );
        assert_eq!(
            parts(&Any::Coerced(Box::new(Named(ErrorClass::Auth)))),
            (ErrorClass::Auth, None, Some(BECAUSE))
        );
        assert_eq!(class(&Any::Generic(PhantomData)), ErrorClass::ServerError);
        assert_eq!(class(&Any::Trait("auth".to_owned())), ErrorClass::Auth);
    }

    #[test]
    fn on_a_struct_it_is_given_the_whole() {
        let whole = |left, right| parts(&Whole { left, right });
        assert_eq!(
            whole(true, true),
            (ErrorClass::Transient, None, Some("both"))
        );
        assert_eq!(
            whole(true, false),
            (ErrorClass::Permanent, None, Some("both"))
        );
        assert_eq!(class(&Tuple(0)), ErrorClass::Permanent);
    }
}

mod structs {
    use super::*;

    #[derive(Classify)]
    #[classify(permanent, reason = "no such key")]
    struct Unit;

    #[derive(Classify)]
    #[classify(status = code, retry_after = wait)]
    struct Named {
        code: u16,
        wait: Option<Duration>,
    }

    #[derive(Classify)]
    #[classify(transparent)]
    struct Newtype(io::Error);

    #[derive(Classify)]
    #[classify(rate_limit, retry_after = 0)]
    struct Pair(Duration, #[expect(dead_code)] String);

    #[test]
    fn a_struct_says_its_class_itself() {
        assert_eq!(
            parts(&Unit),
            (ErrorClass::Permanent, None, Some("no such key"))
        );
        let named = |code, wait| parts(&Named { code, wait });
        assert_eq!(
            named(429, Some(SECOND)),
            (ErrorClass::RateLimit, Some(SECOND), None)
        );
        assert_eq!(named(404, None), (ErrorClass::Permanent, None, None));
        assert_eq!(class(&Newtype(refused())), ErrorClass::Transient);
        assert_eq!(
            parts(&Pair(SECOND, String::new())),
            (ErrorClass::RateLimit, Some(SECOND), None)
        );
    }
}

mod defaults {
    use super::*;

    #[derive(Classify)]
    #[classify(default = rate_limit)]
    enum Most {
        Silent,
        #[classify(retry_after = 0)]
        Hinted(Duration),
        #[classify(reason = "said")]
        Explained,
        #[classify(auth)]
        Own,
    }

    #[test]
    fn the_default_is_for_those_that_say_no_class() {
        let of = ErrorClass::RateLimit;
        assert_eq!(parts(&Most::Silent), (of, None, None));
        assert_eq!(parts(&Most::Hinted(SECOND)), (of, Some(SECOND), None));
        assert_eq!(parts(&Most::Explained), (of, None, Some("said")));
        assert_eq!(parts(&Most::Own), (ErrorClass::Auth, None, None));
    }

    #[derive(Classify)]
    #[classify(default = unknown)]
    enum Nothing {}

    #[derive(Classify)]
    enum Never {}

    #[test]
    fn an_enum_without_variants_is_classified_too() {
        const fn classified<E: Classify>() {}
        classified::<Nothing>();
        classified::<Never>();
    }
}

mod generics {
    use super::*;

    /// Has no class.
    struct Opaque;

    #[derive(Classify)]
    enum Bounded<'a, T, U, const N: usize>
    where
        T: fmt::Debug,
    {
        #[classify(transparent)]
        Inner(T),
        #[classify(transient)]
        Other(#[expect(dead_code)] &'a [U; N]),
    }

    #[derive(Classify)]
    enum Behind<T: ?Sized> {
        #[classify(transparent)]
        Boxed(Box<T>),
    }

    #[derive(Classify)]
    #[classify(transparent)]
    struct Nested<'a, T>(Box<Newtype<'a, T>>);

    #[derive(Classify)]
    #[classify(transparent)]
    struct Newtype<'a, T>(&'a Rc<T>);

    trait Service {
        type Error;
    }

    impl Service for Opaque {
        type Error = io::Error;
    }

    #[derive(Classify)]
    #[classify(transparent)]
    struct Projected<S: Service>(S::Error);

    #[derive(Classify)]
    enum Recursive<T> {
        #[classify(transparent)]
        Again(Box<Self>),
        #[expect(clippy::use_self, reason = "the name is to be found")]
        #[classify(transparent)]
        Spelt(Box<Recursive<T>>),
        #[classify(transparent)]
        Leaf(T),
    }

    #[derive(Classify)]
    #[classify(status = 0)]
    struct Unbounded<T>(u16, PhantomData<T>);

    #[derive(Classify)]
    #[classify(status = 0, retry_after = 1)]
    struct Defaulted<T = u16>(u16, Option<Duration>, T);

    #[test]
    fn only_transparent_fields_need_a_class() {
        let array = [Opaque, Opaque];
        let other = Bounded::<io::Error, Opaque, 2>::Other(&array);
        assert_eq!(class(&other), ErrorClass::Transient);
        let inner = Bounded::<io::Error, Opaque, 2>::Inner(refused());
        assert_eq!(class(&inner), ErrorClass::Transient);
        let unbounded = Unbounded::<Opaque>(401, PhantomData);
        assert_eq!(class(&unbounded), ErrorClass::Auth);
        assert_eq!(
            parts(&Defaulted(429, Some(SECOND), Opaque)),
            (ErrorClass::RateLimit, Some(SECOND), None)
        );
    }

    #[test]
    fn bounds_look_through_pointers() {
        let erased: Box<dyn std::error::Error> = Box::new(refused());
        assert_eq!(class(&Behind::Boxed(erased)), ErrorClass::Transient);
        assert_eq!(
            class(&Projected::<Opaque>(refused())),
            ErrorClass::Transient
        );
        let shared = Rc::new(Words::RateLimit { limit: 1 });
        let nested = Nested(Box::new(Newtype(&shared)));
        assert_eq!(class(&nested), ErrorClass::RateLimit);
    }

    #[test]
    fn a_type_may_hold_itself() {
        let leaf = Recursive::Leaf(refused());
        let error = Recursive::Again(Box::new(Recursive::Spelt(Box::new(leaf))));
        assert_eq!(class(&error), ErrorClass::Transient);
    }
}

mod beside_thiserror {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[derive(Debug, thiserror::Error, Classify)]
    enum ApiError {
        #[error("status {status}")]
        #[classify(status = status, retry_after = retry_after)]
        Status {
            status: http::StatusCode,
            retry_after: Option<Duration>,
        },
        #[error(transparent)]
        #[classify(transparent)]
        Io(#[from] io::Error),
        #[error("body: {0}")]
        #[classify(permanent)]
        Body(#[source] fmt::Error),
        #[error(transparent)]
        #[classify(transparent)]
        Stopped(#[from] Stopped),
    }

    #[retry(attempts = 3, backoff = none, attempt_timeout = "1s")]
    async fn call(runs: &AtomicU32, body: bool) -> Result<(), ApiError> {
        runs.fetch_add(1, Ordering::Relaxed);
        if body {
            return Err(ApiError::Body(fmt::Error));
        }
        Err(refused())?
    }

    #[tokio::test]
    async fn a_derived_error_is_retried_by_its_class() {
        let runs = AtomicU32::new(0);
        assert!(matches!(call(&runs, false).await, Err(ApiError::Io(_))));
        assert_eq!(runs.swap(0, Ordering::Relaxed), 3);
        assert!(matches!(call(&runs, true).await, Err(ApiError::Body(_))));
        assert_eq!(runs.swap(0, Ordering::Relaxed), 1);
    }

    #[test]
    fn both_derives_read_their_own_attributes() {
        let error = ApiError::Status {
            status: http::StatusCode::SERVICE_UNAVAILABLE,
            retry_after: None,
        };
        assert_eq!(class(&error), ErrorClass::ServerError);
        assert_eq!(error.to_string(), "status 503 Service Unavailable");
    }
}

mod conditions {
    use super::*;

    #[derive(Classify)]
    enum Conditional {
        // Says nothing, and is not there.
        #[cfg(any())]
        Absent(Nowhere),
        #[cfg(not(any()))]
        #[cfg_attr(not(any()), classify(transient))]
        Present,
        #[classify(retry_after = 0, rate_limit)]
        Fields(
            #[cfg(any())] Nowhere,
            #[cfg(not(any()))] Duration,
            #[cfg(not(any()))]
            #[expect(dead_code)]
            u8,
        ),
    }

    #[test]
    fn what_is_configured_away_needs_no_class() {
        assert_eq!(class(&Conditional::Present), ErrorClass::Transient);
        assert_eq!(
            parts(&Conditional::Fields(SECOND, 1)),
            (ErrorClass::RateLimit, Some(SECOND), None)
        );
    }
}

/// Everything that the prelude and the expansion have, as something else.
mod shadowed {
    #![expect(
        dead_code,
        non_camel_case_types,
        reason = "they only have to be in the way"
    )]

    pub(super) struct Result;
    pub(super) struct Option;
    pub(super) struct Some;
    pub(super) struct None;
    pub(super) struct Ok;
    pub(super) struct Err;
    pub(super) struct Box;
    pub(super) struct Into;
    pub(super) struct Duration;
    pub(super) struct Classify;
    pub(super) struct Classification;
    pub(super) struct ErrorClass;
    pub(super) struct u16;
    pub(super) mod core {}
    pub(super) mod std {}
    pub(super) mod alloc {}
    pub(super) mod retry_core {}

    /// Methods on everything.
    pub(super) trait Greedy: Sized {
        fn classify(&self) {}
        fn with_reason(self, _: &str) {}
        fn number(&self) {}
        fn hint(&self) {}
        fn verdict(self) {}
    }
    impl<T> Greedy for T {}

    #[derive(::retry_core::Classify)]
    pub(super) enum Error {
        #[classify(status = __field1, retry_after = __field0, reason = "shadowed")]
        Status {
            __field0: ::core::option::Option<::core::time::Duration>,
            __field1: ::core::primitive::u16,
        },
        #[classify(transparent)]
        Io(::std::io::Error),
        #[classify(with = __field0)]
        With(::core::primitive::u8),
        #[classify(transient)]
        Result,
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "as it is called")]
    const fn __field0(_: &u8) -> ::retry_core::ErrorClass {
        ::retry_core::ErrorClass::Auth
    }
}

#[test]
fn shadowed_names_do_not_matter() {
    let status = shadowed::Error::Status {
        __field0: Some(SECOND),
        __field1: 409,
    };
    assert_eq!(
        parts(&status),
        (ErrorClass::Concurrency, Some(SECOND), Some("shadowed"))
    );
    assert_eq!(
        class(&shadowed::Error::Io(refused())),
        ErrorClass::Transient
    );
    assert_eq!(class(&shadowed::Error::With(1)), ErrorClass::Auth);
    assert_eq!(class(&shadowed::Error::Result), ErrorClass::Transient);
}

/// A world without the usual names.
mod bare {
    #![no_implicit_prelude]

    #[derive(::retry_core::Classify)]
    pub(super) enum Error<T> {
        #[classify(transparent)]
        Inner(::std::boxed::Box<T>),
        #[classify(status = 0)]
        Status(u16),
    }

    #[derive(::retry_core::Classify)]
    pub(super) enum Empty {}
}

#[test]
fn no_prelude_is_needed() {
    let inner = bare::Error::Inner(Box::new(refused()));
    assert_eq!(class(&inner), ErrorClass::Transient);
    assert_eq!(
        class(&bare::Error::<bare::Empty>::Status(500)),
        ErrorClass::ServerError
    );
}

mod elsewhere {
    pub(super) mod facade {
        pub(crate) use retry_core as runtime;
    }

    #[derive(facade::runtime::Classify)]
    #[classify(crate = crate::elsewhere::facade::runtime, default = auth)]
    pub(super) enum ByPath {
        Only,
    }

    #[derive(renamed::Classify)]
    #[classify(transient, crate = ::renamed)]
    pub(super) struct ByName;
}

#[test]
fn the_runtime_may_have_another_name() {
    assert_eq!(class(&elsewhere::ByPath::Only), ErrorClass::Auth);
    assert_eq!(class(&elsewhere::ByName), ErrorClass::Transient);
}

mod made_by_macros {
    use super::*;

    macro_rules! error {
        ($name:ident, $class:ident, $field:ident: $type:ty, $with:path, $reason:literal, $index:literal) => {
            #[derive(Classify)]
            pub(super) enum $name {
                #[classify($class, retry_after = $field, reason = $reason)]
                Hint { $field: Option<Duration> },
                #[classify(with = $with)]
                With($type),
                #[classify(transparent)]
                Inner($type),
                #[classify(status = $index)]
                Status(u16),
                #[classify(status = own)]
                Own { own: u16 },
            }
        };
    }

    error!(Error, server_error, wait: io::Error, made_by_macros_judge::judge, "made", 0);

    use super::made_by_macros_judge;

    #[test]
    fn the_type_may_come_from_a_macro() {
        assert_eq!(
            parts(&Error::Hint { wait: Some(SECOND) }),
            (ErrorClass::ServerError, Some(SECOND), Some("made"))
        );
        assert_eq!(class(&Error::With(refused())), ErrorClass::Concurrency);
        assert_eq!(class(&Error::Inner(refused())), ErrorClass::Transient);
        assert_eq!(class(&Error::Status(403)), ErrorClass::Permission);
        assert_eq!(class(&Error::Own { own: 403 }), ErrorClass::Permission);
    }
}

mod made_by_macros_judge {
    pub(super) const fn judge(_: &std::io::Error) -> retry_core::ErrorClass {
        retry_core::ErrorClass::Concurrency
    }
}

/// What a lint could say about the type and not about the expansion.
mod lints {
    use super::*;

    #[derive(Classify)]
    #[non_exhaustive]
    pub(crate) enum Old {
        #[deprecated = "say something else"]
        #[classify(transient)]
        Variant,
        #[classify(rate_limit, retry_after = wait)]
        Field {
            #[deprecated = "nobody waits"]
            wait: Duration,
        },
        #[classify(transparent)]
        Private(Hidden<u8>),
    }

    #[derive(Classify)]
    #[classify(transparent)]
    pub(crate) struct Public<T>(Hidden<T>);

    #[derive(Classify)]
    #[classify(auth)]
    pub(crate) struct Hidden<T>(T);

    #[test]
    fn nothing_is_warned_about() {
        assert_eq!(class(&Old::Private(Hidden(1))), ErrorClass::Auth);
        assert_eq!(class(&Public(Hidden(1))), ErrorClass::Auth);
        #[expect(deprecated, reason = "made here, not in the expansion")]
        let old = [Old::Variant, Old::Field { wait: SECOND }];
        assert_eq!(class(&old[0]), ErrorClass::Transient);
        assert_eq!(class(&old[1]), ErrorClass::RateLimit);
    }
}
