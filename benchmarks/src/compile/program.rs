//! The programs that are built: the same one, with each library's way to retry a function.

/// How a library retries a function.
pub(super) struct Program {
    /// Whose it is.
    pub(super) subject: &'static str,
    /// The lines of the manifest, besides tokio.
    pub(super) dependencies: &'static str,
    /// What stands above the functions.
    pub(super) prelude: &'static str,
    /// What stands above an async function.
    pub(super) attribute: &'static str,
    /// The body of an async function; `FETCH` makes the future of an attempt.
    pub(super) body: &'static str,
    /// The attribute and the body of a sync function, where there are any; `FETCH` is an attempt.
    pub(super) sync: Option<(&'static str, &'static str)>,
}

pub(super) const BARE: Program = Program {
    subject: "bare",
    dependencies: "",
    prelude: "",
    attribute: "",
    body: "FETCH.await",
    sync: Some(("", "FETCH")),
};

pub(super) const ATTRIBUTE: Program = Program {
    subject: "retry_attribute",
    dependencies: r#"retry-core = { path = "RETRY_CORE" }"#,
    prelude: "",
    attribute: "#[retry_core::retry(attempts = 3)]",
    body: "FETCH.await",
    sync: Some(("#[retry_core::retry(attempts = 3)]", "FETCH")),
};

pub(super) const CALL: Program = Program {
    subject: "retry_call",
    dependencies: r#"retry-core = { path = "RETRY_CORE" }"#,
    prelude: "const POLICY: retry_core::Policy = retry_core::Policy::new().attempts(3);",
    attribute: "",
    body: r#"POLICY.call("fetch").run(|| FETCH).await"#,
    sync: Some(("", r#"POLICY.call("fetch").run_blocking(|| FETCH)"#)),
};

pub(super) const BACKON: Program = Program {
    subject: "backon",
    dependencies: r#"backon = "1""#,
    prelude: "use backon::{BlockingRetryable, ExponentialBuilder, Retryable};",
    attribute: "",
    body: "(|| FETCH)
        .retry(ExponentialBuilder::default().with_max_times(2))
        .sleep(tokio::time::sleep)
        .when(is_transient)
        .await",
    sync: Some((
        "",
        "BlockingRetryable::retry(|| FETCH, ExponentialBuilder::default().with_max_times(2))
        .sleep(std::thread::sleep)
        .when(is_transient)
        .call()",
    )),
};

/// What a user of `backon` writes who wants to see retries: the yardstick for the time to build ours, which has events.
pub(super) const BACKON_AND_TRACING: Program = Program {
    subject: "backon and tracing",
    dependencies: r#"backon = "1"
tracing = "0.1""#,
    prelude: "use backon::{ExponentialBuilder, Retryable};",
    attribute: "#[tracing::instrument]",
    body: r#"(|| FETCH)
        .retry(ExponentialBuilder::default().with_max_times(2))
        .sleep(tokio::time::sleep)
        .when(is_transient)
        .notify(|error, delay| tracing::warn!(%error, ?delay, "retrying"))
        .await"#,
    sync: None,
};

pub(super) const BACKON_MACROS: Program = Program {
    subject: "backon-macros",
    dependencies: r#"backon = "1"
backon-macros = "1""#,
    prelude: "
fn backoff() -> backon::ExponentialBuilder {
    backon::ExponentialBuilder::default().with_max_times(2)
}",
    attribute: "#[backon_macros::backon(backoff = backoff, sleep = tokio::time::sleep, when = is_transient)]",
    body: "FETCH.await",
    sync: Some((
        "#[backon_macros::backon(backoff = backoff, sleep = std::thread::sleep, when = is_transient)]",
        "FETCH",
    )),
};

const TOKIO_RETRY2: Program = Program {
    subject: "tokio-retry2",
    dependencies: r#"tokio-retry2 = "0.9""#,
    prelude: "
use tokio_retry2::strategy::ExponentialFactorBackoff;
use tokio_retry2::{Retry, RetryError};

fn classified<T>(answer: io::Result<T>) -> Result<T, RetryError<io::Error>> {
    answer.map_err(|error| if is_transient(&error) { RetryError::transient(error) } else { RetryError::permanent(error) })
}",
    attribute: "",
    body: "let strategy = ExponentialFactorBackoff::from_millis(100, 2.0).take(2);
    Retry::spawn(strategy, async || classified(FETCH.await)).await",
    sync: None,
};

const TOKIO_RETRY: Program = Program {
    subject: "tokio-retry",
    dependencies: r#"tokio-retry = "0.3""#,
    prelude: "use tokio_retry::{RetryIf, strategy::ExponentialBackoff};",
    attribute: "",
    body: "let strategy = ExponentialBackoff::from_millis(2).factor(50).take(2);
    RetryIf::start(strategy, || FETCH, is_transient).await",
    sync: None,
};

const BACKOFF: Program = Program {
    subject: "backoff",
    dependencies: r#"backoff = { version = "0.4", features = ["tokio"] }"#,
    prelude: "
fn classified<T>(answer: io::Result<T>) -> Result<T, backoff::Error<io::Error>> {
    answer.map_err(|error| if is_transient(&error) { backoff::Error::transient(error) } else { backoff::Error::permanent(error) })
}",
    attribute: "",
    body: "backoff::future::retry(backoff::ExponentialBackoff::default(), async || classified(FETCH.await)).await",
    sync: None,
};

const AGAIN: Program = Program {
    subject: "again",
    dependencies: r#"again = "0.1""#,
    prelude: "use again::RetryPolicy;",
    attribute: "",
    body: "let policy = RetryPolicy::exponential(std::time::Duration::from_millis(100)).with_max_retries(2);
    policy.retry_if(|| FETCH, is_transient).await",
    sync: None,
};

const TRYHARD: Program = Program {
    subject: "tryhard",
    dependencies: r#"tryhard = "0.5""#,
    prelude: "",
    attribute: "",
    body: "tryhard::retry_fn(|| FETCH).retries(2).exponential_backoff(std::time::Duration::from_millis(100)).await",
    sync: None,
};

const EXECUTION_POLICY: Program = Program {
    subject: "execution-policy",
    dependencies: r#"execution-policy = "0.0.6""#,
    prelude: "use execution_policy::{ExecutionPolicyBuilder, Retry};",
    attribute: "",
    body: "let policy = ExecutionPolicyBuilder::<String, io::Error>::new()
        .retry(Retry::exponential().max_attempts(3).when(is_transient))
        .build();
    policy.run(async || FETCH.await).await.map_err(|error| error.into_inner().unwrap_or_else(|| io::ErrorKind::Other.into()))",
    sync: None,
};

const MULLIGAN: Program = Program {
    subject: "mulligan",
    dependencies: r#"mulligan = "0.7""#,
    prelude: "",
    attribute: "",
    body: "mulligan::until(|answer: &io::Result<String>| !answer.as_ref().is_err_and(is_transient))
        .stop_after(2)
        .exponential(std::time::Duration::from_millis(100))
        .execute(async || FETCH.await)
        .await",
    sync: None,
};

const TOWER_RESILIENCE: Program = Program {
    subject: "tower-resilience",
    dependencies: r#"tower = { version = "0.5", features = ["util"] }
tower-resilience = { version = "0.13", features = ["retry"] }"#,
    prelude: "use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_resilience::retry::RetryLayer;",
    attribute: "",
    body: "let name: std::sync::Arc<str> = name.into();
    let retry = RetryLayer::<(), String, io::Error>::builder()
        .max_attempts(3)
        .exponential_backoff(std::time::Duration::from_millis(100))
        .retry_on(is_transient)
        .build();
    ServiceBuilder::new()
        .layer(retry)
        .service(service_fn(move |()| { let name = name.clone(); async move { let name = &*name; FETCH.await } }))
        .oneshot(())
        .await",
    sync: None,
};

/// All of them.
pub(super) const ALL: &[&Program] = &[
    &BARE,
    &ATTRIBUTE,
    &CALL,
    &BACKON,
    &BACKON_AND_TRACING,
    &BACKON_MACROS,
    &TOKIO_RETRY2,
    &TOKIO_RETRY,
    &BACKOFF,
    &AGAIN,
    &TRYHARD,
    &TOWER_RESILIENCE,
    &EXECUTION_POLICY,
    &MULLIGAN,
];

/// The operation that is retried, in both forms.
const OPERATION: &str = r#"
pub fn is_transient(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::ConnectionReset)
}

pub async fn fetch(id: u64, name: &str) -> io::Result<String> {
    tokio::task::yield_now().await;
    Ok(format!("{name} {id}"))
}

pub fn fetch_sync(id: u64, name: &str) -> io::Result<String> {
    Ok(format!("{name} {id}"))
}
"#;

/// Whether the retried functions are async.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Async,
    Sync,
}

impl Program {
    /// A library with so many retried functions. `revision` makes the first of them another one.
    pub(super) fn library(&self, functions: usize, revision: usize) -> String {
        let mut text = self.head();
        for number in 0..functions {
            let summand = if number == 0 { revision } else { number };
            text += &self.function(Form::Async, number, summand);
        }
        text
    }

    /// A program that calls each of so many retried functions once.
    pub(super) fn main(&self, form: Form, functions: usize) -> String {
        let mut text = self.head();
        for number in 0..functions {
            text += &self.function(form, number, number);
        }
        text + &calling(form, functions)
    }

    fn head(&self) -> String {
        format!(
            "#![allow(unused)]\nuse std::io;\n{}\n{OPERATION}",
            self.prelude
        )
    }

    fn function(&self, form: Form, number: usize, summand: usize) -> String {
        let (attribute, body, keyword, fetch) = match (form, self.sync) {
            (Form::Async, _) => (self.attribute, self.body, "async ", "fetch"),
            (Form::Sync, Some((attribute, body))) => (attribute, body, "", "fetch_sync"),
            (Form::Sync, None) => unreachable!("{} has no sync form", self.subject),
        };
        let body = body.replace("FETCH", &format!("{fetch}(id + {summand}, name)"));
        format!(
            "
{attribute}
pub {keyword}fn fetch_{number}(id: u64, name: &str) -> io::Result<String> {{
    {body}
}}
"
        )
    }
}

/// The `main` that calls each of so many functions once.
fn calling(form: Form, functions: usize) -> String {
    let list = |each: fn(usize) -> String| {
        let calls: Vec<String> = (0..functions).map(each).collect();
        calls.join(", ")
    };
    match form {
        Form::Async => format!(
            "
type Call<'a> = std::pin::Pin<Box<dyn Future<Output = io::Result<String>> + 'a>>;

fn main() -> io::Result<()> {{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let name = std::env::args().next().unwrap_or_default();
    let calls: Vec<Call<'_>> = vec![{}];
    for call in calls {{
        println!(\"{{}}\", runtime.block_on(call)?);
    }}
    Ok(())
}}
",
            list(|number| format!("Box::pin(fetch_{number}(7, &name))"))
        ),
        Form::Sync => format!(
            "
fn main() -> io::Result<()> {{
    let name = std::env::args().next().unwrap_or_default();
    let calls: Vec<fn(u64, &str) -> io::Result<String>> = vec![{}];
    for call in calls {{
        println!(\"{{}}\", call(7, &name)?);
    }}
    Ok(())
}}
",
            list(|number| format!("fetch_{number}"))
        ),
    }
}
