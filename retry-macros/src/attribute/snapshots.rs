//! What comes out, to be read, for eleven inputs that stand for the others. After a change, `UPDATE_EXPECT=1 cargo test -p retry-macros
//! snapshots` writes what comes out now, for the difference to be reviewed.
//!
//! To be readable, the snapshots leave out what other tests hold: the generated documentation, that paths are absolute, of which they show
//! the last words, and what the inventory is told, but in the snapshots that are about that.

use expect_test::{Expect, expect};
use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Block, Expr, File, Path, Stmt};

use super::expanded;

/// How many lines one site may cost.
const BUDGET: usize = 25;

/// Compares the expansion of the item with what is expected, and holds it to [`BUDGET`].
///
/// What counts is how many lines longer the function is than it was written, laid out as in the snapshot. The calls of the policy's builder,
/// which grow with the keys, count as one word.
#[track_caller]
fn check(keys: &str, item: &str, expected: &Expect) {
    let tokens = |text: &str| -> TokenStream { text.parse().expect("it is tokens") };
    let function: File = syn::parse_str(item).expect("it is a function");
    let mut expansion: File =
        syn::parse2(expanded(tokens(keys), tokens(item))).expect("it expands to Rust");
    Readable.visit_file_mut(&mut expansion);
    Announcements::default().visit_file_mut(&mut expansion);
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

struct Readable;

impl VisitMut for Readable {
    fn visit_attributes_mut(&mut self, attributes: &mut Vec<Attribute>) {
        attributes.retain(|attribute| !attribute.path().is_ident("doc"));
    }

    /// `::retry_core::Policy::new` is `Policy::new`, `::core::ops::ControlFlow::Break` is `Break`.
    fn visit_path_mut(&mut self, path: &mut Path) {
        visit_mut::visit_path_mut(self, path);
        if path.leading_colon.is_none() {
            return;
        }
        let is_type = |index: usize| {
            let name = path.segments[index].ident.to_string();
            name.starts_with(char::is_uppercase) && name != "Option" && name != "ControlFlow"
        };
        let last = path.segments.len() - 1;
        let first = if last > 0 && is_type(last - 1) {
            last - 1
        } else {
            last
        };
        path.leading_colon = None;
        path.segments = path.segments.iter().skip(first).cloned().collect();
    }
}

/// What the inventory is told, taken out.
#[derive(Default)]
struct Announcements {
    told: Vec<String>,
}

impl VisitMut for Announcements {
    fn visit_block_mut(&mut self, block: &mut Block) {
        visit_mut::visit_block_mut(self, block);
        block.stmts.retain(|statement| match statement {
            Stmt::Macro(call) if call.mac.path.is_ident("submit") => {
                self.told.push(call.mac.tokens.to_string());
                false
            }
            _ => true,
        });
    }
}

struct WithoutPolicy;

impl VisitMut for WithoutPolicy {
    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        let is_policy = matches!(&*expression, Expr::Call(call)
            if call.func.to_token_stream().to_string() == "Policy :: checked");
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
                static __RETRY_POLICY: Policy = Policy::checked(Policy::new());
                static __RETRY_SITE: Site = <Site>::here("read", module_path!(), &__RETRY_POLICY);
                returns::<io::Result<String>>();
                return run_blocking::<
                    io::Result<String>,
                    _,
                    _,
                    _,
                    _,
                >(
                    &__RETRY_SITE,
                    &Hooks::BLOCKING,
                    by_trait::<io::Result<String>>(),
                    |__error| text(__error).__retry_known(),
                    AnyValue,
                    NeverStops,
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
                static __RETRY_POLICY: Policy = Policy::checked(Policy::new());
                static __RETRY_SITE: Site = <Site>::here("fetch", module_path!(), &__RETRY_POLICY);
                let mut __driver = begun_driver::<Result<User, ApiError>, _>(&__RETRY_SITE);
                loop {
                    let __operation = async {
                        if let Some(__output) = None::<Result<User, ApiError>> {
                            return __output;
                        }
                        {
                            let user = get(id).await?;
                            Ok(user)
                        }
                    };
                    if let Break(__end) = step(
                        attempt(&mut __driver, __operation).await,
                        at(&mut __driver, &__RETRY_SITE),
                        &Hooks::ASYNCHRONOUS,
                        by_trait::<Result<User, ApiError>>(),
                        |__error| text(__error).__retry_known(),
                        AnyValue,
                        NeverStops,
                    ) {
                        return __end;
                    }
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
                static __RETRY_POLICY: Policy = Policy::checked(
                    Policy::jitter(
                        Policy::backoff(
                            Policy::deadline(
                                Policy::attempts(Policy::new(), 5),
                                Duration::from_secs(30),
                            ),
                            Backoff::max(
                                Backoff::factor(
                                    Backoff::exponential(Duration::from_millis(100)),
                                    1.5,
                                ),
                                Duration::from_secs(10),
                            ),
                        ),
                        Jitter::Equal,
                    ),
                );
                static __RETRY_SITE: Site = <Site>::here("fetch", module_path!(), &__RETRY_POLICY);
                let mut __driver = begun_driver::<Result<User, ApiError>, _>(&__RETRY_SITE);
                loop {
                    let __operation = async {
                        if let Some(__output) = None::<Result<User, ApiError>> {
                            return __output;
                        }
                        { get(id).await }
                    };
                    if let Break(__end) = step(
                        attempt(&mut __driver, __operation).await,
                        at(&mut __driver, &__RETRY_SITE),
                        &Hooks::ASYNCHRONOUS,
                        by_trait::<Result<User, ApiError>>(),
                        |__error| text(__error).__retry_known(),
                        AnyValue,
                        NeverStops,
                    ) {
                        return __end;
                    }
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
                static __RETRY_POLICY: Policy = Policy::checked(
                    Policy::class(
                        Policy::class(
                            Policy::attempts(Policy::AGGRESSIVE, LIMIT),
                            ErrorClass::RateLimit,
                            ClassRule::backoff(
                                ClassRule::attempts(ClassRule::new(), 2),
                                Backoff::fixed(Duration::from_secs(5)),
                            ),
                        ),
                        ErrorClass::Concurrency,
                        ClassRule::never(),
                    ),
                );
                static __RETRY_SITE: Site = <Site>::here("store", module_path!(), &__RETRY_POLICY);
                returns::<Result<(), DbError>>();
                return run_blocking::<
                    Result<(), DbError>,
                    _,
                    _,
                    _,
                    _,
                >(
                    &__RETRY_SITE,
                    &Hooks::BLOCKING,
                    by_trait::<Result<(), DbError>>(),
                    |__error| text(__error).__retry_known(),
                    AnyValue,
                    NeverStops,
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
                static __RETRY_POLICY: Policy = Policy::checked(Policy::new());
                static __RETRY_SITE: Site = <Site>::here("poll", module_path!(), &__RETRY_POLICY);
                let mut __driver = driver::<Result<Status, JobError>, _>(&__RETRY_SITE);
                loop {
                    let __operation = async {
                        if let Some(__output) = None::<Result<Status, JobError>> {
                            return __output;
                        }
                        { job.status().await }
                    };
                    if let Break(__end) = step(
                        attempt(&mut __driver, __operation).await,
                        at(&mut __driver, &__RETRY_SITE),
                        &Hooks::ASYNCHRONOUS,
                        by_keys(
                            classified::<Result<Status, JobError>, _, _>(|error| error.class()),
                            filtered::<Result<Status, JobError>, _>(|error| error.is_safe()),
                        ),
                        |__error| text(__error).__retry_known(),
                        accepted::<Result<Status, JobError>, _>(|status| status.is_done()),
                        converted::<Result<Status, JobError>, _>(JobError::stopped),
                    ) {
                        return __end;
                    }
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
                static __RETRY_POLICY: Policy = Policy::checked(Policy::new());
                static __RETRY_SITE: Site = <Site>::here("fetch", module_path!(), &__RETRY_POLICY);
                let mut __driver = driver::<io::Result<User>, _>(&__RETRY_SITE);
                loop {
                    let __operation = async {
                        if let Some(__output) = None::<io::Result<User>> {
                            return __output;
                        }
                        { get(id).await }
                    };
                    if let Break(__end) = step(
                        attempt(&mut __driver, __operation).await,
                        at(&mut __driver, &__RETRY_SITE),
                        &Hooks::ASYNCHRONOUS.abort(&SHUTDOWN).observe(&METRICS),
                        by_trait::<io::Result<User>>(),
                        |__error| text(__error).__retry_known(),
                        AnyValue,
                        carried::<io::Result<User>>(|__stopped| __stopped.carry()),
                    ) {
                        return __end;
                    }
                    pause(&mut __driver, &SHUTDOWN).await;
                }
            }
        "#]],
    );
}

#[test]
fn hooks() {
    check(
        "on_retry = |event| log(id, event), on_giving_up = report",
        "fn fetch(id: u64) -> io::Result<User> { get(id) }",
        &expect![[r#"
            fn fetch(id: u64) -> io::Result<User> {
                static __RETRY_POLICY: Policy = Policy::checked(Policy::new());
                static __RETRY_SITE: Site = <Site>::here("fetch", module_path!(), &__RETRY_POLICY);
                returns::<io::Result<User>>();
                return run_blocking::<
                    io::Result<User>,
                    _,
                    _,
                    _,
                    _,
                >(
                    &__RETRY_SITE,
                    &Hooks::BLOCKING.tell(&(on_retry(|event| log(id, event)), on_giving_up(report))),
                    by_trait::<io::Result<User>>(),
                    |__error| text(__error).__retry_known(),
                    AnyValue,
                    NeverStops,
                    || -> io::Result<User> { get(id) },
                );
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
                static __RETRY_POLICY: Policy = Policy::checked(
                    Policy::attempt_timeout(Policy::new(), Duration::from_secs(2)),
                );
                static __RETRY_SITE: Site = <Site>::here("fetch", module_path!(), &__RETRY_POLICY);
                let mut __driver = begun_driver::<Result<User, ApiError>, _>(&__RETRY_SITE);
                loop {
                    let __operation = async {
                        if let Some(__output) = None::<Result<User, ApiError>> {
                            return __output;
                        }
                        { get(id).await }
                    };
                    if let Break(__end) = step(
                        attempt(&mut __driver, __operation).await,
                        at(&mut __driver, &__RETRY_SITE),
                        &Hooks::ASYNCHRONOUS,
                        by_trait::<Result<User, ApiError>>(),
                        |__error| text(__error).__retry_known(),
                        AnyValue,
                        converted::<Result<User, ApiError>, _>(|stopped| ApiError::Stopped(stopped)),
                    ) {
                        return __end;
                    }
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
                static __RETRY_POLICY: Policy = Policy::checked(Policy::new());
                static __RETRY_SITE: Site = <Site>::here("send", module_path!(), &__RETRY_POLICY);
                let mut __driver = begun_driver::<io::Result<()>, _>(&__RETRY_SITE);
                loop {
                    let __operation = async {
                        if let Some(__output) = None::<io::Result<()>> {
                            return __output;
                        }
                        match Clone::clone(&body) {
                            body => {
                                page += 1;
                                post(body, page).await
                            }
                        }
                    };
                    if let Break(__end) = step(
                        attempt(&mut __driver, __operation).await,
                        at(&mut __driver, &__RETRY_SITE),
                        &Hooks::ASYNCHRONOUS,
                        by_trait::<io::Result<()>>(),
                        |__error| text(__error).__retry_known(),
                        AnyValue,
                        NeverStops,
                    ) {
                        return __end;
                    }
                }
            }
        "#]],
    );
}

#[test]
fn a_method_with_self() {
    check(
        "attempts = Self::ATTEMPTS, abort = self.shutdown, operation = \"users.load\"",
        "async fn load(&mut self, id: u64) -> Result<User, Self::Error> { self.connection.load(id).await }",
        &expect![[r#"
            async fn load(&mut self, id: u64) -> Result<User, Self::Error> {
                let mut __driver = driver::<
                    Result<User, Self::Error>,
                    _,
                >(const {
                    &<Site>::here(
                        "users.load",
                        module_path!(),
                        const { &Policy::checked(Policy::attempts(Policy::new(), Self::ATTEMPTS)) },
                    )
                });
                loop {
                    let __operation = async {
                        if let Some(__output) = None::<Result<User, Self::Error>> {
                            return __output;
                        }
                        { self.connection.load(id).await }
                    };
                    if let Break(__end) = step(
                        attempt(&mut __driver, __operation).await,
                        here(&mut __driver),
                        &Hooks::ASYNCHRONOUS.abort(&self.shutdown),
                        by_trait::<Result<User, Self::Error>>(),
                        |__error| text(__error).__retry_known(),
                        AnyValue,
                        carried::<Result<User, Self::Error>>(|__stopped| __stopped.carry()),
                    ) {
                        return __end;
                    }
                    pause(&mut __driver, &self.shutdown).await;
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
            ) -> Pin<Box<dyn Future<Output = io::Result<User>> + Send + 'async_trait>>
            where
                'life0: 'async_trait,
                Self: 'async_trait,
            {
                Box::pin(async move {
                    if let Some(__ret) = None::<io::Result<User>> {
                        #[allow(unreachable_code)] return __ret;
                    }
                    let __self = self;
                    let id = id;
                    let __ret: io::Result<User> = {
                        static __RETRY_POLICY: Policy = Policy::checked(Policy::new());
                        static __RETRY_SITE: Site = <Site>::here(
                            "load",
                            module_path!(),
                            &__RETRY_POLICY,
                        );
                        let mut __driver = begun_driver::<io::Result<User>, _>(&__RETRY_SITE);
                        loop {
                            let __operation = async {
                                if let Some(__output) = None::<io::Result<User>> {
                                    return __output;
                                }
                                { __self.connection.load(id).await }
                            };
                            if let Break(__end) = step(
                                attempt(&mut __driver, __operation).await,
                                at(&mut __driver, &__RETRY_SITE),
                                &Hooks::ASYNCHRONOUS,
                                by_trait::<io::Result<User>>(),
                                |__error| text(__error).__retry_known(),
                                AnyValue,
                                NeverStops,
                            ) {
                                break __end;
                            }
                        }
                    };
                    #[allow(unreachable_code)] __ret
                })
            }
        "#]],
    );
}

/// What the inventory is told of the item.
#[cfg(feature = "inventory")]
#[track_caller]
fn check_announcement(keys: &str, item: &str, expected: &Expect) {
    let tokens = |text: &str| -> TokenStream { text.parse().expect("it is tokens") };
    let mut expansion: File =
        syn::parse2(expanded(tokens(keys), tokens(item))).expect("it expands to Rust");
    Readable.visit_file_mut(&mut expansion);
    let mut announcements = Announcements::default();
    announcements.visit_file_mut(&mut expansion);
    let [told] = &announcements.told[..] else {
        panic!("one site is one announcement, not {:?}", announcements.told);
    };
    let told = format!("static ENTRY: SiteEntry = {told};");
    let mut told: File = syn::parse_str(&told).expect("it is an expression");
    Readable.visit_file_mut(&mut told);
    expected.assert_eq(&prettyplease::unparse(&told));
}

#[cfg(feature = "inventory")]
#[test]
fn an_announcement_of_a_static_site() {
    check_announcement(
        "budget = BUDGET",
        "fn read(path: &Path) -> io::Result<String> { Ok(fs::read_to_string(path)?) }",
        &expect![[r#"
            static ENTRY: SiteEntry = SiteEntry::of(&__RETRY_SITE)
                .guarded_by(&__RETRY_GUARDS)
                .budget("BUDGET", true);
        "#]],
    );
    check_announcement(
        "retry_if = f, breaker = &guards::PAYMENTS, bulkhead = pool(), allow(breaker_without_budget, long_worst_case)",
        "async fn read(path: &Path) -> io::Result<String> { Ok(fs::read_to_string(path)?) }",
        &expect![[r#"
            static ENTRY: SiteEntry = SiteEntry::of(&__RETRY_SITE)
                .asynchronous()
                .without_hints()
                .guarded_by(&__RETRY_GUARDS)
                .breaker("guards::PAYMENTS", true)
                .bulkhead("pool()", false)
                .allow(&[Lint::BreakerWithoutBudget, Lint::LongWorstCase]);
        "#]],
    );
    check_announcement(
        "attempt_timeout = \"1s\", budget = *budget, returns = outcome",
        "async fn read() -> Result<&'static str, Lost> { Err(Lost) }",
        &expect![[r#"
            static ENTRY: SiteEntry = SiteEntry::of(&__RETRY_SITE)
                .asynchronous()
                .carries_stops({
                    use ::retry_core::__private::NotCarried as _;
                    Carrier::<Lost>::CARRIES
                })
                .budget("*budget", false);
        "#]],
    );
}

#[cfg(feature = "inventory")]
#[test]
fn an_announcement_of_a_site_that_depends_on_generics() {
    check_announcement(
        "attempts = Self::ATTEMPTS, budget = BUDGET, breaker = self.breaker",
        "fn read(&self) -> io::Result<String> { Ok(fs::read_to_string(&self.path)?) }",
        &expect![[r#"
            static ENTRY: SiteEntry = <SiteEntry>::here("read", module_path!())
                .guarded_by(&__RETRY_GUARDS)
                .breaker("self.breaker", false)
                .budget("BUDGET", true);
        "#]],
    );
    check_announcement(
        "attempts = 4, operation = Self::NAME",
        "fn read(&self) -> io::Result<String> { Ok(fs::read_to_string(&self.path)?) }",
        &expect![[r#"
            static ENTRY: SiteEntry = <SiteEntry>::here("{Self::NAME}", module_path!())
                .policy(const { &Policy::checked(Policy::attempts(Policy::new(), 4)) });
        "#]],
    );
}
