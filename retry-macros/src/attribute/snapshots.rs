//! What comes out, to be read, for ten inputs that stand for the others. After a change, `UPDATE_EXPECT=1 cargo test -p retry-macros
//! snapshots` writes what comes out now, for the difference to be reviewed.

use expect_test::{Expect, expect};
use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Expr, File};

use super::expanded;

/// How many lines one site may cost.
const BUDGET: usize = 25;

/// Compares the expansion of the item with what is expected, and holds it to [`BUDGET`].
///
/// What counts is the lines that `#[retry]` adds to the function as it was written, each as long as rustfmt would let it be. The calls of the
/// policy's builder, which grow with the keys, count as one word; the generated documentation, which is no code, is left out everywhere.
#[track_caller]
fn check(keys: &str, item: &str, expected: &Expect) {
    let tokens = |text: &str| -> TokenStream { text.parse().expect("it is tokens") };
    let function: File = syn::parse_str(item).expect("it is a function");
    let mut expansion: File =
        syn::parse2(expanded(tokens(keys), tokens(item))).expect("it expands to Rust");
    WithoutDocs.visit_file_mut(&mut expansion);
    expected.assert_eq(&prettyplease::unparse(&expansion));

    WithoutPolicy.visit_file_mut(&mut expansion);
    let lines = |file: &File| prettyplease::unparse(file).lines().count();
    let cost = lines(&expansion) - lines(&function);
    assert!(
        cost <= BUDGET,
        "{cost} lines:\n{}",
        prettyplease::unparse(&expansion)
    );
}

struct WithoutDocs;

impl VisitMut for WithoutDocs {
    fn visit_attributes_mut(&mut self, attributes: &mut Vec<Attribute>) {
        attributes.retain(|attribute| !attribute.path().is_ident("doc"));
    }
}

struct WithoutPolicy;

impl VisitMut for WithoutPolicy {
    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        let is_policy = matches!(&*expression, Expr::Call(call)
            if call.func.to_token_stream().to_string().ends_with("Policy :: checked"));
        if is_policy {
            *expression = syn::parse_quote!(POLICY);
        } else {
            visit_mut::visit_expr_mut(self, expression);
        }
    }
}

#[test]
fn a_bare_sync_function() {
    check(
        "",
        "pub fn read(path: &Path) -> io::Result<String> { let text = fs::read_to_string(path)?; Ok(text) }",
        &expect![[r#"
            pub fn read(path: &Path) -> io::Result<String> {
                ::retry_core::__private::returns::<io::Result<String>>();
                return ::retry_core::__private::run_blocking::<
                    io::Result<String>,
                    _,
                    _,
                    _,
                    _,
                    _,
                >(
                    {
                        static __RETRY_POLICY: ::retry_core::Policy = ::retry_core::Policy::checked(
                            ::retry_core::Policy::new(),
                        );
                        static __RETRY_SITE: ::retry_core::Site = ::retry_core::Site::new(
                            "read",
                            ::core::module_path!(),
                            ::core::file!(),
                            ::core::line!(),
                            &__RETRY_POLICY,
                        );
                        &__RETRY_SITE
                    },
                    ::retry_core::__private::Hooks::blocking(),
                    ::retry_core::__private::Errors {
                        classify: ::retry_core::__private::by_trait::<io::Result<String>>(),
                        filter: ::retry_core::__private::NoFilter,
                        text: ::retry_core::__private::described::<
                            io::Result<String>,
                            _,
                        >(|__error| {
                            use ::retry_core::__private::NoText as _;
                            ::retry_core::__private::Text(__error).known()
                        }),
                    },
                    ::retry_core::__private::AnyValue,
                    ::retry_core::__private::NeverStops,
                    || -> io::Result<String> {
                        let text = fs::read_to_string(path)?;
                        Ok(text)
                    },
                );
            }
        "#]],
    );
}

#[test]
fn a_bare_async_function() {
    check(
        "",
        "pub async fn fetch(id: u64) -> Result<User, ApiError> { let user = get(id).await?; Ok(user) }",
        &expect![[r#"
            pub async fn fetch(id: u64) -> Result<User, ApiError> {
                let mut __driver = ::retry_core::__private::driver::<
                    Result<User, ApiError>,
                >({
                    static __RETRY_POLICY: ::retry_core::Policy = ::retry_core::Policy::checked(
                        ::retry_core::Policy::new(),
                    );
                    static __RETRY_SITE: ::retry_core::Site = ::retry_core::Site::new(
                        "fetch",
                        ::core::module_path!(),
                        ::core::file!(),
                        ::core::line!(),
                        &__RETRY_POLICY,
                    );
                    &__RETRY_SITE
                });
                loop {
                    if let ::core::ops::ControlFlow::Break(__end) = ::retry_core::__private::before(
                        &mut __driver,
                        ::retry_core::__private::Hooks::asynchronous(),
                        false,
                        ::retry_core::__private::NeverStops,
                    ) {
                        return __end;
                    }
                    let __attempt = ::retry_core::__private::attempt(
                            &mut __driver,
                            async {
                                if let ::core::option::Option::Some(__output) = ::core::option::Option::None::<
                                    Result<User, ApiError>,
                                > {
                                    return __output;
                                }
                                {
                                    let user = get(id).await?;
                                    Ok(user)
                                }
                            },
                        )
                        .await;
                    if let ::core::ops::ControlFlow::Break(__end) = ::retry_core::__private::after(
                        &mut __driver,
                        __attempt,
                        ::retry_core::__private::Hooks::asynchronous(),
                        ::retry_core::__private::Errors {
                            classify: ::retry_core::__private::by_trait::<Result<User, ApiError>>(),
                            filter: ::retry_core::__private::NoFilter,
                            text: ::retry_core::__private::described::<
                                Result<User, ApiError>,
                                _,
                            >(|__error| {
                                use ::retry_core::__private::NoText as _;
                                ::retry_core::__private::Text(__error).known()
                            }),
                        },
                        ::retry_core::__private::AnyValue,
                        ::retry_core::__private::NeverStops,
                    ) {
                        return __end;
                    }
                    ::retry_core::__private::pause(
                            &mut __driver,
                            ::retry_core::__private::Wake::never(),
                        )
                        .await;
                }
            }
        "#]],
    );
}

#[test]
fn keys_of_the_policy() {
    check(
        r#"attempts = 5, deadline = "30s", backoff = exponential("100ms", max = "10s", factor = 1.5), jitter = equal"#,
        "async fn fetch(id: u64) -> Result<User, ApiError> { get(id).await }",
        &expect![[r#"
            async fn fetch(id: u64) -> Result<User, ApiError> {
                let mut __driver = ::retry_core::__private::driver::<
                    Result<User, ApiError>,
                >({
                    static __RETRY_POLICY: ::retry_core::Policy = ::retry_core::Policy::checked(
                        ::retry_core::Policy::jitter(
                            ::retry_core::Policy::backoff(
                                ::retry_core::Policy::deadline(
                                    ::retry_core::Policy::attempts(::retry_core::Policy::new(), 5),
                                    ::core::time::Duration::from_secs(30),
                                ),
                                ::retry_core::Backoff::max(
                                    ::retry_core::Backoff::factor(
                                        ::retry_core::Backoff::exponential(
                                            ::core::time::Duration::from_millis(100),
                                        ),
                                        1.5,
                                    ),
                                    ::core::time::Duration::from_secs(10),
                                ),
                            ),
                            ::retry_core::Jitter::Equal,
                        ),
                    );
                    static __RETRY_SITE: ::retry_core::Site = ::retry_core::Site::new(
                        "fetch",
                        ::core::module_path!(),
                        ::core::file!(),
                        ::core::line!(),
                        &__RETRY_POLICY,
                    );
                    &__RETRY_SITE
                });
                loop {
                    if let ::core::ops::ControlFlow::Break(__end) = ::retry_core::__private::before(
                        &mut __driver,
                        ::retry_core::__private::Hooks::asynchronous(),
                        false,
                        ::retry_core::__private::NeverStops,
                    ) {
                        return __end;
                    }
                    let __attempt = ::retry_core::__private::attempt(
                            &mut __driver,
                            async {
                                if let ::core::option::Option::Some(__output) = ::core::option::Option::None::<
                                    Result<User, ApiError>,
                                > {
                                    return __output;
                                }
                                { get(id).await }
                            },
                        )
                        .await;
                    if let ::core::ops::ControlFlow::Break(__end) = ::retry_core::__private::after(
                        &mut __driver,
                        __attempt,
                        ::retry_core::__private::Hooks::asynchronous(),
                        ::retry_core::__private::Errors {
                            classify: ::retry_core::__private::by_trait::<Result<User, ApiError>>(),
                            filter: ::retry_core::__private::NoFilter,
                            text: ::retry_core::__private::described::<
                                Result<User, ApiError>,
                                _,
                            >(|__error| {
                                use ::retry_core::__private::NoText as _;
                                ::retry_core::__private::Text(__error).known()
                            }),
                        },
                        ::retry_core::__private::AnyValue,
                        ::retry_core::__private::NeverStops,
                    ) {
                        return __end;
                    }
                    ::retry_core::__private::pause(
                            &mut __driver,
                            ::retry_core::__private::Wake::never(),
                        )
                        .await;
                }
            }
        "#]],
    );
}

#[test]
fn rules_of_classes() {
    check(
        r#"policy = Policy::AGGRESSIVE, attempts = LIMIT, rate_limit(attempts = 2, backoff = fixed("5s")), concurrency = never"#,
        "fn store(row: &Row) -> Result<(), DbError> { insert(row) }",
        &expect![[r#"
            fn store(row: &Row) -> Result<(), DbError> {
                ::retry_core::__private::returns::<Result<(), DbError>>();
                return ::retry_core::__private::run_blocking::<
                    Result<(), DbError>,
                    _,
                    _,
                    _,
                    _,
                    _,
                >(
                    {
                        static __RETRY_POLICY: ::retry_core::Policy = ::retry_core::Policy::checked(
                            ::retry_core::Policy::class(
                                ::retry_core::Policy::class(
                                    ::retry_core::Policy::attempts(Policy::AGGRESSIVE, LIMIT),
                                    ::retry_core::ErrorClass::RateLimit,
                                    ::retry_core::ClassRule::backoff(
                                        ::retry_core::ClassRule::attempts(
                                            ::retry_core::ClassRule::new(),
                                            2,
                                        ),
                                        ::retry_core::Backoff::fixed(
                                            ::core::time::Duration::from_secs(5),
                                        ),
                                    ),
                                ),
                                ::retry_core::ErrorClass::Concurrency,
                                ::retry_core::ClassRule::never(),
                            ),
                        );
                        static __RETRY_SITE: ::retry_core::Site = ::retry_core::Site::new(
                            "store",
                            ::core::module_path!(),
                            ::core::file!(),
                            ::core::line!(),
                            &__RETRY_POLICY,
                        );
                        &__RETRY_SITE
                    },
                    ::retry_core::__private::Hooks::blocking(),
                    ::retry_core::__private::Errors {
                        classify: ::retry_core::__private::by_trait::<Result<(), DbError>>(),
                        filter: ::retry_core::__private::NoFilter,
                        text: ::retry_core::__private::described::<
                            Result<(), DbError>,
                            _,
                        >(|__error| {
                            use ::retry_core::__private::NoText as _;
                            ::retry_core::__private::Text(__error).known()
                        }),
                    },
                    ::retry_core::__private::AnyValue,
                    ::retry_core::__private::NeverStops,
                    || -> Result<(), DbError> { insert(row) },
                );
            }
        "#]],
    );
}

#[test]
fn closures_that_judge() {
    check(
        "classify = |error| error.class(), retry_if = |error| error.is_safe(), retry_until = |status| status.is_done(), on_stop = JobError::stopped",
        "async fn poll(job: &Job) -> Result<Status, JobError> { job.status().await }",
        &expect![[r#"
            async fn poll(job: &Job) -> Result<Status, JobError> {
                let mut __driver = ::retry_core::__private::driver::<
                    Result<Status, JobError>,
                >({
                    static __RETRY_POLICY: ::retry_core::Policy = ::retry_core::Policy::checked(
                        ::retry_core::Policy::new(),
                    );
                    static __RETRY_SITE: ::retry_core::Site = ::retry_core::Site::new(
                        "poll",
                        ::core::module_path!(),
                        ::core::file!(),
                        ::core::line!(),
                        &__RETRY_POLICY,
                    );
                    &__RETRY_SITE
                });
                loop {
                    if let ::core::ops::ControlFlow::Break(__end) = ::retry_core::__private::before(
                        &mut __driver,
                        ::retry_core::__private::Hooks::asynchronous(),
                        true,
                        ::retry_core::__private::converted::<
                            Result<Status, JobError>,
                            _,
                        >(JobError::stopped),
                    ) {
                        return __end;
                    }
                    let __attempt = ::retry_core::__private::attempt(
                            &mut __driver,
                            async {
                                if let ::core::option::Option::Some(__output) = ::core::option::Option::None::<
                                    Result<Status, JobError>,
                                > {
                                    return __output;
                                }
                                { job.status().await }
                            },
                        )
                        .await;
                    if let ::core::ops::ControlFlow::Break(__end) = ::retry_core::__private::after(
                        &mut __driver,
                        __attempt,
                        ::retry_core::__private::Hooks::asynchronous(),
                        ::retry_core::__private::Errors {
                            classify: ::retry_core::__private::classified::<
                                Result<Status, JobError>,
                                _,
                                _,
                            >(|error| error.class()),
                            filter: ::retry_core::__private::filtered::<
                                Result<Status, JobError>,
                                _,
                            >(|error| error.is_safe()),
                            text: ::retry_core::__private::described::<
                                Result<Status, JobError>,
                                _,
                            >(|__error| {
                                use ::retry_core::__private::NoText as _;
                                ::retry_core::__private::Text(__error).known()
                            }),
                        },
                        ::retry_core::__private::accepted::<
                            Result<Status, JobError>,
                            _,
                        >(|status| status.is_done()),
                        ::retry_core::__private::converted::<
                            Result<Status, JobError>,
                            _,
                        >(JobError::stopped),
                    ) {
                        return __end;
                    }
                    ::retry_core::__private::pause(
                            &mut __driver,
                            ::retry_core::__private::Wake::never(),
                        )
                        .await;
                }
            }
        "#]],
    );
}

#[test]
fn an_abort_and_an_observer() {
    check(
        "abort = SHUTDOWN, observe = METRICS",
        "async fn fetch(id: u64) -> io::Result<User> { get(id).await }",
        &expect![[r#"
            async fn fetch(id: u64) -> io::Result<User> {
                let mut __driver = ::retry_core::__private::driver::<
                    io::Result<User>,
                >({
                    static __RETRY_POLICY: ::retry_core::Policy = ::retry_core::Policy::checked(
                        ::retry_core::Policy::new(),
                    );
                    static __RETRY_SITE: ::retry_core::Site = ::retry_core::Site::new(
                        "fetch",
                        ::core::module_path!(),
                        ::core::file!(),
                        ::core::line!(),
                        &__RETRY_POLICY,
                    );
                    &__RETRY_SITE
                });
                loop {
                    if let ::core::ops::ControlFlow::Break(__end) = ::retry_core::__private::before(
                        &mut __driver,
                        ::retry_core::__private::Hooks::observe(
                            ::retry_core::__private::Hooks::abort(
                                ::retry_core::__private::Hooks::asynchronous(),
                                &SHUTDOWN,
                            ),
                            &METRICS,
                        ),
                        false,
                        ::retry_core::__private::converted::<
                            io::Result<User>,
                            _,
                        >(|__stopped| {
                            use ::retry_core::__private::NotCarried as _;
                            ::retry_core::__private::Carrier::<
                                ::retry_core::__private::ErrorOf<io::Result<User>>,
                            >::new()
                                .carry(__stopped)
                        }),
                    ) {
                        return __end;
                    }
                    let __attempt = ::retry_core::__private::attempt(
                            &mut __driver,
                            async {
                                if let ::core::option::Option::Some(__output) = ::core::option::Option::None::<
                                    io::Result<User>,
                                > {
                                    return __output;
                                }
                                { get(id).await }
                            },
                        )
                        .await;
                    if let ::core::ops::ControlFlow::Break(__end) = ::retry_core::__private::after(
                        &mut __driver,
                        __attempt,
                        ::retry_core::__private::Hooks::observe(
                            ::retry_core::__private::Hooks::abort(
                                ::retry_core::__private::Hooks::asynchronous(),
                                &SHUTDOWN,
                            ),
                            &METRICS,
                        ),
                        ::retry_core::__private::Errors {
                            classify: ::retry_core::__private::by_trait::<io::Result<User>>(),
                            filter: ::retry_core::__private::NoFilter,
                            text: ::retry_core::__private::described::<
                                io::Result<User>,
                                _,
                            >(|__error| {
                                use ::retry_core::__private::NoText as _;
                                ::retry_core::__private::Text(__error).known()
                            }),
                        },
                        ::retry_core::__private::AnyValue,
                        ::retry_core::__private::converted::<
                            io::Result<User>,
                            _,
                        >(|__stopped| {
                            use ::retry_core::__private::NotCarried as _;
                            ::retry_core::__private::Carrier::<
                                ::retry_core::__private::ErrorOf<io::Result<User>>,
                            >::new()
                                .carry(__stopped)
                        }),
                    ) {
                        return __end;
                    }
                    ::retry_core::__private::pause(
                            &mut __driver,
                            ::retry_core::__private::Wake::on(&SHUTDOWN),
                        )
                        .await;
                }
            }
        "#]],
    );
}

#[test]
fn an_attempt_timeout() {
    check(
        r#"attempt_timeout = "2s", on_stop = |stopped| ApiError::Stopped(stopped)"#,
        "async fn fetch(id: u64) -> Result<User, ApiError> { get(id).await }",
        &expect![[r#"
            async fn fetch(id: u64) -> Result<User, ApiError> {
                let mut __driver = ::retry_core::__private::driver::<
                    Result<User, ApiError>,
                >({
                    static __RETRY_POLICY: ::retry_core::Policy = ::retry_core::Policy::checked(
                        ::retry_core::Policy::attempt_timeout(
                            ::retry_core::Policy::new(),
                            ::core::time::Duration::from_secs(2),
                        ),
                    );
                    static __RETRY_SITE: ::retry_core::Site = ::retry_core::Site::new(
                        "fetch",
                        ::core::module_path!(),
                        ::core::file!(),
                        ::core::line!(),
                        &__RETRY_POLICY,
                    );
                    &__RETRY_SITE
                });
                loop {
                    if let ::core::ops::ControlFlow::Break(__end) = ::retry_core::__private::before(
                        &mut __driver,
                        ::retry_core::__private::Hooks::asynchronous(),
                        false,
                        ::retry_core::__private::converted::<
                            Result<User, ApiError>,
                            _,
                        >(|stopped| ApiError::Stopped(stopped)),
                    ) {
                        return __end;
                    }
                    let __attempt = ::retry_core::__private::attempt(
                            &mut __driver,
                            async {
                                if let ::core::option::Option::Some(__output) = ::core::option::Option::None::<
                                    Result<User, ApiError>,
                                > {
                                    return __output;
                                }
                                { get(id).await }
                            },
                        )
                        .await;
                    if let ::core::ops::ControlFlow::Break(__end) = ::retry_core::__private::after(
                        &mut __driver,
                        __attempt,
                        ::retry_core::__private::Hooks::asynchronous(),
                        ::retry_core::__private::Errors {
                            classify: ::retry_core::__private::by_trait::<Result<User, ApiError>>(),
                            filter: ::retry_core::__private::NoFilter,
                            text: ::retry_core::__private::described::<
                                Result<User, ApiError>,
                                _,
                            >(|__error| {
                                use ::retry_core::__private::NoText as _;
                                ::retry_core::__private::Text(__error).known()
                            }),
                        },
                        ::retry_core::__private::AnyValue,
                        ::retry_core::__private::converted::<
                            Result<User, ApiError>,
                            _,
                        >(|stopped| ApiError::Stopped(stopped)),
                    ) {
                        return __end;
                    }
                    ::retry_core::__private::pause(
                            &mut __driver,
                            ::retry_core::__private::Wake::never(),
                        )
                        .await;
                }
            }
        "#]],
    );
}

#[test]
fn arguments_between_attempts() {
    check(
        "clone(body), carry(page)",
        "async fn send(body: Vec<u8>, mut page: u32) -> io::Result<()> { page += 1; post(body, page).await }",
        &expect![[r#"
            async fn send(body: Vec<u8>, mut page: u32) -> io::Result<()> {
                let mut __driver = ::retry_core::__private::driver::<
                    io::Result<()>,
                >({
                    static __RETRY_POLICY: ::retry_core::Policy = ::retry_core::Policy::checked(
                        ::retry_core::Policy::new(),
                    );
                    static __RETRY_SITE: ::retry_core::Site = ::retry_core::Site::new(
                        "send",
                        ::core::module_path!(),
                        ::core::file!(),
                        ::core::line!(),
                        &__RETRY_POLICY,
                    );
                    &__RETRY_SITE
                });
                loop {
                    if let ::core::ops::ControlFlow::Break(__end) = ::retry_core::__private::before(
                        &mut __driver,
                        ::retry_core::__private::Hooks::asynchronous(),
                        false,
                        ::retry_core::__private::NeverStops,
                    ) {
                        return __end;
                    }
                    let __attempt = ::retry_core::__private::attempt(
                            &mut __driver,
                            async {
                                if let ::core::option::Option::Some(__output) = ::core::option::Option::None::<
                                    io::Result<()>,
                                > {
                                    return __output;
                                }
                                match ::core::clone::Clone::clone(&body) {
                                    body => {
                                        page += 1;
                                        post(body, page).await
                                    }
                                }
                            },
                        )
                        .await;
                    if let ::core::ops::ControlFlow::Break(__end) = ::retry_core::__private::after(
                        &mut __driver,
                        __attempt,
                        ::retry_core::__private::Hooks::asynchronous(),
                        ::retry_core::__private::Errors {
                            classify: ::retry_core::__private::by_trait::<io::Result<()>>(),
                            filter: ::retry_core::__private::NoFilter,
                            text: ::retry_core::__private::described::<
                                io::Result<()>,
                                _,
                            >(|__error| {
                                use ::retry_core::__private::NoText as _;
                                ::retry_core::__private::Text(__error).known()
                            }),
                        },
                        ::retry_core::__private::AnyValue,
                        ::retry_core::__private::NeverStops,
                    ) {
                        return __end;
                    }
                    ::retry_core::__private::pause(
                            &mut __driver,
                            ::retry_core::__private::Wake::never(),
                        )
                        .await;
                }
            }
        "#]],
    );
}

#[test]
fn a_method_with_self() {
    check(
        "attempts = Self::ATTEMPTS, abort = self.shutdown, operation = \"users.load\"",
        "async fn load(&mut self, id: u64) -> Result<Self::User, Self::Error> { self.connection.load(id).await }",
        &expect![[r#"
            async fn load(&mut self, id: u64) -> Result<Self::User, Self::Error> {
                let mut __driver = ::retry_core::__private::driver::<
                    Result<Self::User, Self::Error>,
                >(const {
                    &::retry_core::Site::new(
                        "users.load",
                        ::core::module_path!(),
                        ::core::file!(),
                        ::core::line!(),
                        const {
                            &::retry_core::Policy::checked(
                                ::retry_core::Policy::attempts(
                                    ::retry_core::Policy::new(),
                                    Self::ATTEMPTS,
                                ),
                            )
                        },
                    )
                });
                loop {
                    if let ::core::ops::ControlFlow::Break(__end) = ::retry_core::__private::before(
                        &mut __driver,
                        ::retry_core::__private::Hooks::abort(
                            ::retry_core::__private::Hooks::asynchronous(),
                            &self.shutdown,
                        ),
                        false,
                        ::retry_core::__private::converted::<
                            Result<Self::User, Self::Error>,
                            _,
                        >(|__stopped| {
                            use ::retry_core::__private::NotCarried as _;
                            ::retry_core::__private::Carrier::<
                                ::retry_core::__private::ErrorOf<Result<Self::User, Self::Error>>,
                            >::new()
                                .carry(__stopped)
                        }),
                    ) {
                        return __end;
                    }
                    let __attempt = ::retry_core::__private::attempt(
                            &mut __driver,
                            async {
                                if let ::core::option::Option::Some(__output) = ::core::option::Option::None::<
                                    Result<Self::User, Self::Error>,
                                > {
                                    return __output;
                                }
                                { self.connection.load(id).await }
                            },
                        )
                        .await;
                    if let ::core::ops::ControlFlow::Break(__end) = ::retry_core::__private::after(
                        &mut __driver,
                        __attempt,
                        ::retry_core::__private::Hooks::abort(
                            ::retry_core::__private::Hooks::asynchronous(),
                            &self.shutdown,
                        ),
                        ::retry_core::__private::Errors {
                            classify: ::retry_core::__private::by_trait::<
                                Result<Self::User, Self::Error>,
                            >(),
                            filter: ::retry_core::__private::NoFilter,
                            text: ::retry_core::__private::described::<
                                Result<Self::User, Self::Error>,
                                _,
                            >(|__error| {
                                use ::retry_core::__private::NoText as _;
                                ::retry_core::__private::Text(__error).known()
                            }),
                        },
                        ::retry_core::__private::AnyValue,
                        ::retry_core::__private::converted::<
                            Result<Self::User, Self::Error>,
                            _,
                        >(|__stopped| {
                            use ::retry_core::__private::NotCarried as _;
                            ::retry_core::__private::Carrier::<
                                ::retry_core::__private::ErrorOf<Result<Self::User, Self::Error>>,
                            >::new()
                                .carry(__stopped)
                        }),
                    ) {
                        return __end;
                    }
                    ::retry_core::__private::pause(
                            &mut __driver,
                            ::retry_core::__private::Wake::on(&self.shutdown),
                        )
                        .await;
                }
            }
        "#]],
    );
}

#[test]
fn what_async_trait_made() {
    check(
        "",
        "fn load<'life0, 'async_trait>(&'life0 self, id: u64) -> ::core::pin::Pin<Box<dyn ::core::future::Future<Output = io::Result<User>> + ::core::marker::Send + 'async_trait>>
        where 'life0: 'async_trait, Self: 'async_trait {
            Box::pin(async move {
                if let ::core::option::Option::Some(__ret) = ::core::option::Option::None::<io::Result<User>> {
                    #[allow(unreachable_code)]
                    return __ret;
                }
                let __self = self;
                let id = id;
                let __ret: io::Result<User> = { __self.connection.load(id).await };
                #[allow(unreachable_code)]
                __ret
            })
        }",
        &expect![[r#"
            fn load<'life0, 'async_trait>(
                &'life0 self,
                id: u64,
            ) -> ::core::pin::Pin<
                Box<
                    dyn ::core::future::Future<
                        Output = io::Result<User>,
                    > + ::core::marker::Send + 'async_trait,
                >,
            >
            where
                'life0: 'async_trait,
                Self: 'async_trait,
            {
                Box::pin(async move {
                    if let ::core::option::Option::Some(__ret) = ::core::option::Option::None::<
                        io::Result<User>,
                    > {
                        #[allow(unreachable_code)] return __ret;
                    }
                    let __self = self;
                    let id = id;
                    let __ret: io::Result<User> = {
                        let mut __driver = ::retry_core::__private::driver::<
                            io::Result<User>,
                        >({
                            static __RETRY_POLICY: ::retry_core::Policy = ::retry_core::Policy::checked(
                                ::retry_core::Policy::new(),
                            );
                            static __RETRY_SITE: ::retry_core::Site = ::retry_core::Site::new(
                                "load",
                                ::core::module_path!(),
                                ::core::file!(),
                                ::core::line!(),
                                &__RETRY_POLICY,
                            );
                            &__RETRY_SITE
                        });
                        loop {
                            if let ::core::ops::ControlFlow::Break(__end) = ::retry_core::__private::before(
                                &mut __driver,
                                ::retry_core::__private::Hooks::asynchronous(),
                                false,
                                ::retry_core::__private::NeverStops,
                            ) {
                                break __end;
                            }
                            let __attempt = ::retry_core::__private::attempt(
                                    &mut __driver,
                                    async {
                                        if let ::core::option::Option::Some(__output) = ::core::option::Option::None::<
                                            io::Result<User>,
                                        > {
                                            return __output;
                                        }
                                        { __self.connection.load(id).await }
                                    },
                                )
                                .await;
                            if let ::core::ops::ControlFlow::Break(__end) = ::retry_core::__private::after(
                                &mut __driver,
                                __attempt,
                                ::retry_core::__private::Hooks::asynchronous(),
                                ::retry_core::__private::Errors {
                                    classify: ::retry_core::__private::by_trait::<
                                        io::Result<User>,
                                    >(),
                                    filter: ::retry_core::__private::NoFilter,
                                    text: ::retry_core::__private::described::<
                                        io::Result<User>,
                                        _,
                                    >(|__error| {
                                        use ::retry_core::__private::NoText as _;
                                        ::retry_core::__private::Text(__error).known()
                                    }),
                                },
                                ::retry_core::__private::AnyValue,
                                ::retry_core::__private::NeverStops,
                            ) {
                                break __end;
                            }
                            ::retry_core::__private::pause(
                                    &mut __driver,
                                    ::retry_core::__private::Wake::never(),
                                )
                                .await;
                        }
                    };
                    #[allow(unreachable_code)] __ret
                })
            }
        "#]],
    );
}
