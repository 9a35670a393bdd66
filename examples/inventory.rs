//! What does this program retry, and what can the worst case be? Every `#[retry]` that is linked, those of libraries included, and what a lint
//! has to say about them.
//!
//! ```sh
//! cargo run --example inventory               # a table, and the lints
//! cargo run --example inventory -- markdown   # for a wiki
//! cargo run --example inventory -- json       # for other programs
//! ```
//!
//! Nothing is called. What to look at:
//!
//! - **worst case**: `pay` has a deadline and an attempt timeout, so that the caller knows when it is over. `refund` has a deadline alone, which
//!   cuts no attempt: `+ last attempt` is the time of one that begins just before it. And a server may ask `find` to come back later, each time.
//! - **policy**: as it would be written in the attribute, also where it comes from a constant.
//! - **the lints**: each says where, what, and what to write. In a test suite they are one line,
//!   `retry_core::testing::assert_lints_clean()`.

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use retry_core::Lints;
// A library is linked if something names it. This one has a site for every key of the attribute.
use retry_lints as _;

/// The calls to one service, with the guards that they share.
mod payments {
    use std::io;
    use std::time::Duration;

    use retry_core::{Budget, CircuitBreaker, Policy, retry};

    static SERVICE: CircuitBreaker = CircuitBreaker::new("payments");
    static RETRIES: Budget = Budget::new("payments");

    const PATIENT: Policy = Policy::AGGRESSIVE.deadline(Duration::from_secs(60));

    #[retry(attempts = 4, deadline = "10s", attempt_timeout = "2s", breaker = SERVICE, budget = RETRIES)]
    pub(super) async fn pay(order: u64) -> io::Result<()> {
        let _ = order;
        Ok(())
    }

    // Nobody has thought of a budget.
    #[retry(policy = PATIENT, breaker = SERVICE)]
    pub(super) async fn refund(order: u64) -> io::Result<()> {
        let _ = order;
        Ok(())
    }
}

/// The methods of one type.
mod users {
    use std::io;

    use retry_core::retry_methods;

    pub(super) struct Users;

    #[retry_methods(attempts = 3)]
    impl Users {
        pub(super) fn find(&self, name: &str) -> io::Result<u64> {
            Ok(name.len() as u64)
        }

        // It is meant to go on until it is stopped, and says so.
        #[retry(attempts = unlimited, backoff = fixed("5s"), allow(unlimited_without_deadline, long_worst_case))]
        pub(super) async fn watch(&self) -> io::Result<()> {
            Ok(())
        }
    }
}

fn main() -> io::Result<ExitCode> {
    let mut screen = io::stdout();
    let report = retry_core::report();
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => show(&mut screen)?,
        ["markdown"] => write!(screen, "{}", report.to_markdown())?,
        ["json"] => writeln!(screen, "{}", report.to_json())?,
        _ => {
            eprintln!(
                "error: expected `markdown`, `json` or nothing\nusage: inventory [markdown|json]"
            );
            return Ok(ExitCode::from(2));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show(screen: &mut impl Write) -> io::Result<()> {
    let own = retry_core::report().only("inventory");
    let library = retry_core::report().only("retry_lints");
    writeln!(screen, "{own}")?;
    writeln!(
        screen,
        "and {} in the library retry_lints, such as {}\n",
        library.sites().len(),
        library.sites()[0]
    )?;
    let lints = Lints::new()
        .worst_case(Duration::from_secs(120))
        .ignore("retry_lints");
    for finding in lints.check() {
        writeln!(screen, "{finding}\n")?;
    }
    Ok(())
}

/// So that the compiler sees a use of them. Nobody calls this, and they are in the list none the less.
#[expect(dead_code, reason = "it stands for the rest of the program")]
async fn rest_of_the_program() -> io::Result<()> {
    payments::pay(7).await?;
    payments::refund(7).await?;
    users::Users.watch().await?;
    users::Users.find("ada").map(drop)
}
