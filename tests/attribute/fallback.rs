//! `fallback`: who answers in place of the error.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use retry_core::testing::Recorder;
use retry_core::{EventKind, StopReason, Stopped, retry};

use crate::fault::{Fault, Runs};

/// An error that knows how it came about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Carrying {
    Flaky,
    Stopped(StopReason),
}

impl From<Stopped> for Carrying {
    fn from(stopped: Stopped) -> Self {
        Self::Stopped(stopped.reason())
    }
}

impl From<Fault> for Carrying {
    fn from(_: Fault) -> Self {
        Self::Flaky
    }
}

impl retry_core::Classify for Carrying {
    fn classify(&self) -> retry_core::Classification {
        retry_core::ErrorClass::Transient.into()
    }
}

async fn breath() {
    tokio::task::yield_now().await;
}

#[test]
fn the_last_error_is_answered_once() {
    #[retry(attempts = 3, backoff = none, fallback = |error| { answers.flaky_until(1)?; Ok(format!("{error}")) })]
    fn run(runs: &Runs, answers: &Runs) -> Result<String, Fault> {
        runs.flaky_until(100)?;
        Ok("a run".to_owned())
    }
    let (runs, answers) = (Runs::new(), Runs::new());
    assert_eq!(run(&runs, &answers), Ok("flaky".to_owned()));
    assert_eq!((runs.count(), answers.count()), (3, 1));
}

#[test]
fn a_success_asks_no_fallback() {
    // Not even the expression that gives it is evaluated.
    #[retry(backoff = none, fallback = answer(answers))]
    fn run(runs: &Runs, answers: &Runs, good: u32) -> Result<u32, Fault> {
        runs.flaky_until(good)
    }
    fn answer(answers: &Runs) -> impl FnOnce(Fault) -> Result<u32, Fault> {
        let answered = answers.flaky_until(1);
        move |_| answered
    }
    let answers = Runs::new();
    assert_eq!(run(&Runs::new(), &answers, 1), Ok(1));
    assert_eq!(run(&Runs::new(), &answers, 3), Ok(3));
    assert_eq!(answers.count(), 0);
    assert_eq!(run(&Runs::new(), &answers, 4), Ok(1));
    assert_eq!(answers.count(), 1);
}

#[tokio::test]
async fn a_success_asks_no_async_fallback() {
    #[retry(backoff = none, fallback = async |_| answers.flaky_until(1))]
    async fn run(runs: &Runs, answers: &Runs, good: u32) -> Result<u32, Fault> {
        breath().await;
        runs.flaky_until(good)
    }
    let answers = Runs::new();
    assert_eq!(run(&Runs::new(), &answers, 1).await, Ok(1));
    assert_eq!(run(&Runs::new(), &answers, 3).await, Ok(3));
    assert_eq!(answers.count(), 0);
    assert_eq!(run(&Runs::new(), &answers, 4).await, Ok(1));
    assert_eq!(answers.count(), 1);
}

#[test]
fn a_permanent_error_is_answered_too_and_may_be_passed_on() {
    #[retry(backoff = none, fallback = |error| match error {
        Fault::Fatal => Err(Fault::Flaky),
        Fault::Flaky => Err(Fault::Fatal),
    })]
    fn run(runs: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(1)?;
        Err(Fault::Fatal)
    }
    let runs = Runs::new();
    assert_eq!((run(&runs), runs.count()), (Err(Fault::Flaky), 1));
}

#[test]
fn a_fallback_may_be_a_path() {
    fn cached(error: Fault) -> Result<u32, Fault> {
        match error {
            Fault::Flaky => Ok(7),
            Fault::Fatal => Err(error),
        }
    }
    #[retry(backoff = none, fallback = cached)]
    fn run(runs: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(100)
    }
    #[retry(backoff = none, fallback = Err)]
    fn passed_on(runs: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(100)
    }
    assert_eq!(run(&Runs::new()), Ok(7));
    assert_eq!(passed_on(&Runs::new()), Err(Fault::Flaky));
}

#[tokio::test]
async fn an_async_fallback_may_be_a_path_a_closure_or_a_future() {
    async fn cached(_: Fault) -> Result<u32, Fault> {
        breath().await;
        Ok(7)
    }
    async fn of(id: u32) -> Result<u32, Fault> {
        breath().await;
        Ok(id)
    }
    #[retry(backoff = none, fallback = cached)]
    async fn path(runs: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(100)
    }
    #[retry(backoff = none, fallback = async |_| { breath().await; Ok(id) })]
    async fn closure(id: u32, runs: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(100)
    }
    #[retry(backoff = none, fallback = |error| async move { breath().await; if error == Fault::Flaky { Ok(id) } else { Err(error) } })]
    async fn block(id: u32, runs: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(100)
    }
    #[retry(backoff = none, fallback = |_| of(id))]
    async fn call(id: u32, runs: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(100)
    }
    #[retry(backoff = none, fallback = |_| std::future::ready(Ok(id)))]
    async fn ready(id: u32, runs: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(100)
    }
    assert_eq!(path(&Runs::new()).await, Ok(7));
    assert_eq!(closure(8, &Runs::new()).await, Ok(8));
    assert_eq!(block(9, &Runs::new()).await, Ok(9));
    assert_eq!(call(10, &Runs::new()).await, Ok(10));
    assert_eq!(ready(11, &Runs::new()).await, Ok(11));
}

#[derive(Debug, Default)]
struct Client {
    runs: Runs,
    log: Vec<u32>,
    name: String,
}

impl Client {
    #[retry(backoff = none, fallback = |_| Ok(self.name.clone()))]
    fn shared(&self) -> Result<String, Fault> {
        self.runs.flaky_until(100).map(|run| run.to_string())
    }

    #[retry(backoff = none, fallback = |_| { self.log.push(0); Ok(self.log.len()) })]
    fn exclusive(&mut self, by: u32) -> Result<usize, Fault> {
        self.log.push(by);
        self.runs.flaky_until(100)?;
        Ok(0)
    }

    #[retry(backoff = none, fallback = async |_| { breath().await; self.log.push(0); Ok(self.log.len()) })]
    async fn exclusive_async(&mut self, by: u32) -> Result<usize, Fault> {
        self.log.push(by);
        breath().await;
        self.runs.flaky_until(100)?;
        Ok(0)
    }

    #[retry(backoff = none, fallback = |_| Ok(&self.name))]
    fn coerced(&self) -> Result<&str, Fault> {
        self.runs.flaky_until(100)?;
        Ok("a run")
    }

    #[retry(backoff = none, fallback = |_| Ok(self))]
    fn by_value(self) -> Result<Self, Fault> {
        self.runs.flaky_until(100)?;
        Ok(Self::default())
    }

    #[retry(backoff = none, fallback = Self::none)]
    async fn associated(&self) -> Result<u32, Fault> {
        self.runs.flaky_until(100)
    }

    async fn none(_: Fault) -> Result<u32, Fault> {
        breath().await;
        Ok(0)
    }
}

#[tokio::test]
async fn a_fallback_sees_self_when_the_attempts_have_let_go_of_it() {
    let mut client = Client {
        name: "name".to_owned(),
        ..Client::default()
    };
    assert_eq!(client.shared(), Ok("name".to_owned()));
    assert_eq!(client.coerced(), Ok("name"));
    assert_eq!(client.exclusive(1), Ok(4));
    assert_eq!(client.exclusive_async(2).await, Ok(8));
    assert_eq!(client.log, [1, 1, 1, 0, 2, 2, 2, 0]);
    assert_eq!(client.associated().await, Ok(0));
    assert_eq!(
        client.by_value().map(|client| client.name),
        Ok("name".to_owned())
    );
}

#[tokio::test]
async fn a_fallback_may_consume_the_arguments() {
    #[retry(backoff = none, clone(body), fallback = move |_| Ok(body))]
    fn sync(body: Vec<u8>, runs: &Runs) -> Result<Vec<u8>, Fault> {
        let mut sent = body;
        sent.push(0);
        runs.flaky_until(100)?;
        Ok(sent)
    }
    #[retry(backoff = none, carry(cursor), fallback = |_| async move { Ok((cursor, name)) })]
    async fn carried(mut cursor: u32, name: String, runs: &Runs) -> Result<(u32, String), Fault> {
        cursor += 1;
        runs.flaky_until(100)?;
        Ok((0, name.clone()))
    }
    assert_eq!(sync(vec![1], &Runs::new()), Ok(vec![1]));
    assert_eq!(
        carried(5, "n".to_owned(), &Runs::new()).await,
        Ok((8, "n".to_owned()))
    );
}

#[tokio::test]
async fn generics_and_opaque_values_stay() {
    #[retry(backoff = none, fallback = |_| Ok(value.into()))]
    fn generic<T, const N: usize>(value: T, list: [u8; N], runs: &Runs) -> Result<String, Fault>
    where
        T: Into<String>,
    {
        runs.flaky_until(100)?;
        Ok(list.len().to_string())
    }
    #[retry(backoff = none, fallback = |_| Ok(0..up_to))]
    fn opaque(up_to: u32, runs: &Runs) -> Result<impl Iterator<Item = u32> + use<>, Fault> {
        runs.flaky_until(100)?;
        Ok(0..0)
    }
    #[retry(backoff = none, fallback = async |_| Ok(0..up_to))]
    async fn later(up_to: u32, runs: &Runs) -> Result<impl Iterator<Item = u32> + use<>, Fault> {
        runs.flaky_until(100)?;
        Ok(0..0)
    }
    #[retry(backoff = none, fallback = |_| Ok(or))]
    fn borrowed<'a>(or: &'a str, runs: &Runs) -> Result<&'a str, Fault> {
        runs.flaky_until(100)?;
        Ok("a run")
    }
    assert_eq!(generic("v", [0; 2], &Runs::new()), Ok("v".to_owned()));
    assert_eq!(opaque(3, &Runs::new()).map(Iterator::sum::<u32>), Ok(3));
    assert_eq!(
        later(3, &Runs::new()).await.map(Iterator::sum::<u32>),
        Ok(3)
    );
    assert_eq!(borrowed("or", &Runs::new()), Ok("or"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_future_with_a_fallback_can_be_spawned() {
    #[retry(backoff = none, fallback = async |_| { breath().await; Ok(text.len()) })]
    async fn run(text: String, runs: std::sync::Arc<Runs>) -> Result<usize, Fault> {
        breath().await;
        runs.flaky_until(100)?;
        Ok(0)
    }
    let spawned = tokio::spawn(run("abc".to_owned(), std::sync::Arc::default()));
    assert_eq!(spawned.await.expect("the task ran"), Ok(3));
}

#[tokio::test]
async fn methods_of_traits_may_have_one() {
    trait Store {
        fn runs(&self) -> &Runs;
        async fn load(&self) -> Result<u32, Fault>;
        #[retry(backoff = none, fallback = |_| Ok(self.runs().count()))]
        fn inherited(&self) -> Result<u32, Fault> {
            self.runs().flaky_until(100)
        }
    }
    impl Store for Runs {
        fn runs(&self) -> &Runs {
            self
        }
        #[retry(backoff = none, fallback = async |_| Ok(self.count()))]
        async fn load(&self) -> Result<u32, Fault> {
            self.flaky_until(100)
        }
    }
    assert_eq!(Runs::new().inherited(), Ok(3));
    assert_eq!(Runs::new().load().await, Ok(3));
}

#[tokio::test]
async fn methods_under_async_trait_may_have_one() {
    #[async_trait::async_trait]
    trait Store {
        async fn load(&mut self, key: &str) -> Result<String, Fault>;
    }
    #[async_trait::async_trait]
    impl Store for Client {
        #[retry(backoff = none, fallback = async |error| {
            breath().await;
            self.name.push_str(key);
            Ok(format!("{} {error}", self.name))
        })]
        async fn load(&mut self, key: &str) -> Result<String, Fault> {
            self.name.push('.');
            self.runs.flaky_until(100)?;
            Ok(String::new())
        }
    }
    let mut store: Box<dyn Store + Send> = Box::<Client>::default();
    assert_eq!(store.load("key").await, Ok("...key flaky".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_stop_without_an_error_is_made_into_one_first() {
    static SHUTDOWN: AtomicBool = AtomicBool::new(true);
    #[retry(abort = SHUTDOWN, fallback = |error| Ok(vec![error]))]
    fn aborted(runs: &Runs) -> Result<Vec<Carrying>, Carrying> {
        runs.flaky_until(1)?;
        Ok(Vec::new())
    }
    #[retry(attempts = 2, backoff = none, attempt_timeout = "1s", fallback = async |error| Ok(vec![error]))]
    async fn cut(runs: &Runs) -> Result<Vec<Carrying>, Carrying> {
        runs.flaky_until(1)?;
        tokio::time::sleep(Duration::from_secs(60)).await;
        Ok(Vec::new())
    }
    #[retry(attempts = 2, backoff = none, retry_until = Vec::is_empty, on_stop = |_| Carrying::Flaky, fallback = |error| Ok(vec![error]))]
    fn unacceptable(runs: &Runs) -> Result<Vec<Carrying>, Carrying> {
        runs.flaky_until(1)?;
        Ok(vec![Carrying::Flaky; 2])
    }
    let runs = Runs::new();
    assert_eq!(
        aborted(&runs),
        Ok(vec![Carrying::Stopped(StopReason::Aborted)])
    );
    assert_eq!(runs.count(), 0);
    assert_eq!(
        cut(&runs).await,
        Ok(vec![Carrying::Stopped(StopReason::MaxAttemptsGlobal)])
    );
    assert_eq!(unacceptable(&runs), Ok(vec![Carrying::Flaky]));
}

#[test]
fn the_call_has_ended_when_the_fallback_is_asked() {
    #[retry(attempts = 2, backoff = none, observe = *recorder, fallback = |_| Ok(recorder.events().len()))]
    fn run(recorder: &Recorder, runs: &Runs) -> Result<usize, Fault> {
        runs.flaky_until(100)?;
        Ok(0)
    }
    let recorder = Recorder::default();
    let before = run(&recorder, &Runs::new());
    let kinds: Vec<_> = recorder
        .events()
        .into_iter()
        .map(|event| event.kind)
        .collect();
    assert_eq!(
        kinds,
        [
            EventKind::AttemptStarted,
            EventKind::AttemptEnded,
            EventKind::Retry,
            EventKind::AttemptStarted,
            EventKind::AttemptEnded,
            EventKind::MaxAttemptsExceeded,
        ]
    );
    assert_eq!(before, Ok(kinds.len()));
}

#[tokio::test]
async fn a_panic_of_the_fallback_is_not_caught() {
    #[retry(backoff = none, fallback = |error| panic!("{error}"))]
    fn run(runs: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(100)
    }
    #[retry(backoff = none, fallback = async |error| panic!("{error}"))]
    async fn later(runs: std::sync::Arc<Runs>) -> Result<u32, Fault> {
        runs.flaky_until(100)
    }
    let runs = Runs::new();
    let panic = catch_unwind(AssertUnwindSafe(|| run(&runs))).expect_err("it panics");
    assert_eq!(panic.downcast_ref::<String>().expect("a text"), "flaky");
    assert_eq!(runs.count(), 3);
    let task = tokio::spawn(later(std::sync::Arc::default())).await;
    assert!(task.expect_err("it panics").is_panic());
}

#[test]
fn a_fallback_may_return_early_and_ask_questions() {
    #[retry(backoff = none, fallback = |error| {
        if error == Fault::Fatal {
            return Err(error);
        }
        let run = answers.flaky_until(1)?;
        Ok(run + 100)
    })]
    fn run(runs: &Runs, answers: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(100)
    }
    assert_eq!(run(&Runs::new(), &Runs::new()), Ok(101));
}

#[test]
fn what_a_key_has_locked_is_free_again() {
    #[retry(backoff = none, observe = *observer.lock().expect("free"), fallback = |_| {
        Ok(usize::from(observer.try_lock().is_ok()))
    })]
    fn run(
        observer: &std::sync::Mutex<std::sync::Arc<Recorder>>,
        runs: &Runs,
    ) -> Result<usize, Fault> {
        runs.flaky_until(100)?;
        Ok(0)
    }
    assert_eq!(run(&std::sync::Mutex::default(), &Runs::new()), Ok(1));
}

#[test]
fn an_alias_of_result_may_have_one() {
    type Answer<T> = Result<T, Fault>;
    static ANSWERS: AtomicU32 = AtomicU32::new(0);
    #[retry(backoff = none, fallback = |_| Ok(ANSWERS.fetch_add(1, Ordering::Relaxed)))]
    fn run(runs: &Runs) -> Answer<u32> {
        runs.flaky_until(100)
    }
    assert_eq!(run(&Runs::new()), Ok(0));
    assert_eq!(run(&Runs::new()), Ok(1));
}

#[tokio::test]
async fn an_async_fallback_knows_what_it_returns() {
    type Shown = Box<dyn std::fmt::Display + Send>;
    #[retry(backoff = none, fallback = async |error: Fault| {
        if error == Fault::Fatal {
            return Ok(Box::new(error));
        }
        answers.flaky_until(2)?;
        Ok(Box::new(7))
    })]
    async fn shown(runs: &Runs, answers: &Runs) -> Result<Shown, Fault> {
        runs.flaky_until(100)?;
        Ok(Box::new("a run"))
    }
    #[retry(backoff = none, fallback = |_| async { Ok(name) })]
    async fn coerced<'a>(name: &'a std::sync::Arc<str>, runs: &Runs) -> Result<&'a str, Fault> {
        runs.flaky_until(100)?;
        Ok("a run")
    }
    let answers = Runs::new();
    let shown_as = |end: Result<Shown, Fault>| end.map(|shown| shown.to_string());
    assert_eq!(
        shown_as(shown(&Runs::new(), &answers).await),
        Err(Fault::Flaky)
    );
    assert_eq!(
        shown_as(shown(&Runs::new(), &answers).await),
        Ok("7".to_owned())
    );
    assert_eq!(coerced(&"name".into(), &Runs::new()).await, Ok("name"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_cannot_be_sent_leaves_the_future_as_it_is() {
    async fn answer(_: Fault) -> Result<std::rc::Rc<u32>, Fault> {
        breath().await;
        Ok(std::rc::Rc::new(7))
    }
    #[retry(backoff = none, fallback = answer)]
    async fn path(runs: &Runs) -> Result<std::rc::Rc<u32>, Fault> {
        breath().await;
        runs.flaky_until(100).map(std::rc::Rc::new)
    }
    #[retry(backoff = none, fallback = async |error| { breath().await; answer(error).await })]
    async fn closure(runs: &Runs) -> Result<std::rc::Rc<u32>, Fault> {
        breath().await;
        runs.flaky_until(100).map(std::rc::Rc::new)
    }
    let task = tokio::spawn(async {
        let runs = Runs::new();
        let path = path(&runs).await.map(|value| *value);
        (path, closure(&runs).await.map(|value| *value))
    });
    assert_eq!(task.await.expect("the task ran"), (Ok(7), Ok(7)));
}
