//! Functions that come out of `macro_rules!`, with every kind of fragment.

use retry_core::{Attempt, Backoff, retry};

use crate::fault::{Fault, Runs};

macro_rules! retried {
    ($vis:vis fn $name:ident($argument:ident: $ty:ty) -> $output:ty $body:block, $attempts:literal, $backoff:expr, $limit:expr) => {
        #[retry(attempts = $attempts, backoff = $backoff, deadline = $limit)]
        $vis fn $name($argument: $ty) -> $output $body
    };
}

retried!(
    fn from_fragments(runs: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(4)
    },
    4,
    none,
    "10s"
);
retried!(
    fn from_expressions(runs: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(3)
    },
    3,
    Backoff::none(),
    std::time::Duration::from_secs(10)
);

macro_rules! client {
    ($($name:ident => $wanted:expr),*) => {
        $(
            #[retry(attempts = $wanted, backoff = none, clone(text))]
            async fn $name(text: String, runs: &Runs) -> Result<String, Fault> {
                let consumed = text;
                runs.flaky_until($wanted)?;
                Ok(consumed + stringify!($name))
            }
        )*
    };
}

client!(first => 2, second => 3);

macro_rules! whole {
    ($item:item) => {
        #[retry(backoff = none)]
        $item
    };
}

whole! {
    fn an_item(runs: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(2)
    }
}

macro_rules! answered {
    ($name:ident, $argument:pat => $ty:ty, $fallback:expr) => {
        #[retry(backoff = none, fallback = $fallback)]
        async fn $name(#[attempt] $argument: $ty, runs: &Runs) -> Result<u32, Fault> {
            runs.flaky_until(100)
        }
    };
}

answered!(own_future, _attempt => Attempt, async |error| if error == Fault::Flaky { Ok(7) } else { Err(error) });
answered!(another_future, _ => Attempt, |_| std::future::ready(Ok(8)));

#[tokio::test]
async fn fallbacks_and_attempts_are_seen_through() {
    assert_eq!(own_future(&Runs::new()).await, Ok(7));
    assert_eq!(another_future(&Runs::new()).await, Ok(8));
}

#[test]
fn fragments_are_seen_through() {
    assert_eq!(from_fragments(&Runs::new()), Ok(4));
    assert_eq!(from_expressions(&Runs::new()), Ok(3));
    assert_eq!(an_item(&Runs::new()), Ok(2));
}

#[tokio::test]
async fn repeated_functions_keep_their_arguments_apart() {
    assert_eq!(
        first("a-".to_owned(), &Runs::new()).await,
        Ok("a-first".to_owned())
    );
    assert_eq!(
        second("b-".to_owned(), &Runs::new()).await,
        Ok("b-second".to_owned())
    );
}
