//! Sites in functions of every form.

use std::io;

use async_trait::async_trait;
use retry_core::{Lint, Policy, retry, retry_methods};

use crate::site;

/// The line behind the one of this call, where an attribute stands.
const NAMED: u32 = line!() + 2;

#[retry(operation = "named.by.hand")]
fn by_hand() -> io::Result<()> {
    Ok(())
}

#[retry(operation = "C:\\tab\t")]
fn with_odd_letters() -> io::Result<()> {
    Ok(())
}

struct Client;

impl Client {
    const ATTEMPTS: u32 = 5;

    #[retry(attempts = Self::ATTEMPTS)]
    fn of_self(&self) -> io::Result<()> {
        Ok(())
    }

    #[retry]
    async fn mutable(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Table<T>(T);

#[retry_methods(attempts = 4, allow(conflicting_policies))]
impl<T: Clone> Table<T> {
    const NAME: &'static str = "table";

    fn read(&self) -> Result<T, io::Error> {
        Ok(self.0.clone())
    }

    #[retry(operation = Self::NAME, allow(long_worst_case, conflicting_policies))]
    fn write(&self) -> Result<T, io::Error> {
        Ok(self.0.clone())
    }

    #[retry(skip)]
    fn skipped(&self) -> Result<T, io::Error> {
        self.read()
    }
}

trait Source {
    #[retry]
    fn default_method(&self) -> io::Result<()> {
        Ok(())
    }
}

#[async_trait]
trait Boxed {
    async fn boxed(&self) -> io::Result<()>;
}

#[async_trait]
impl Boxed for Client {
    #[retry(attempts = 6)]
    async fn boxed(&self) -> io::Result<()> {
        Ok(())
    }
}

fn outer() -> impl Fn() -> io::Result<()> {
    #[retry(attempts = 7)]
    fn inner() -> io::Result<()> {
        Ok(())
    }
    inner
}

macro_rules! made {
    ($($name:ident)*) => {$(
        #[retry(attempts = 8)]
        fn $name() -> io::Result<()> {
            Ok(())
        }
    )*};
}
made! { first second }

#[retry(attempts = N)]
fn generic<const N: u32>() -> io::Result<()> {
    Ok(())
}

#[retry(allow(
    unlimited_without_deadline,
    long_worst_case,
    timeout_without_conversion,
    timeout_without_effect,
    shared_without_jitter,
    conflicting_policies,
    breaker_without_budget
))]
fn silent() -> io::Result<()> {
    Ok(())
}

/// A lifetime inside the type of the value.
#[retry(policy = Policy::AGGRESSIVE)]
async fn lent<'a>(words: &'a [&'a str]) -> Result<(&'a str, usize), io::Error> {
    Ok((words[0], words.len()))
}

#[track_caller]
fn attempts(operation: &str) -> Option<u32> {
    let policy = site("forms", operation).policy();
    policy.expect("the policy is known").max_attempts()
}

#[test]
fn a_function() {
    let by_hand = site("forms", "named.by.hand");
    assert_eq!(by_hand.file(), file!());
    assert_eq!(by_hand.line(), NAMED);
    assert_eq!(by_hand.module(), module_path!());
    assert!(!by_hand.is_async());
    assert_eq!(
        by_hand.to_string(),
        format!("named.by.hand ({}:{NAMED})", file!())
    );
    assert!(site("forms", "mutable").is_async());
    assert_eq!(attempts("lent"), Some(8));
}

#[test]
fn a_function_in_a_function() {
    assert_eq!(attempts("inner"), Some(7));
    assert!(outer()().is_ok());
}

#[test]
fn what_a_macro_makes() {
    assert_eq!([attempts("first"), attempts("second")], [Some(8); 2]);
}

#[test]
fn a_default_method_of_a_trait_and_one_under_async_trait() {
    assert_eq!(attempts("default_method"), Some(3));
    assert_eq!(attempts("boxed"), Some(6));
    assert!(site("forms", "boxed").is_async());
}

#[test]
fn methods_of_a_block_at_their_own_lines() {
    let (read, write) = (site("forms", "Table::read"), site("forms", "{Self::NAME}"));
    assert_eq!(attempts("Table::read"), Some(4));
    assert!(read.line() < write.line(), "{read} {write}");
    let skipped = |site: &retry_core::inventory::SiteInfo| site.operation().ends_with("skipped");
    assert!(!retry_core::sites().iter().any(skipped));
}

#[test]
fn a_name_that_depends_on_generics_is_told_as_it_is_written() {
    let site = site("forms", "{Self::NAME}");
    assert_eq!(site.policy().map(Policy::max_attempts), Some(Some(4)));
}

#[test]
fn a_policy_that_depends_on_generics_is_unknown() {
    for operation in ["generic", "of_self"] {
        let site = site("forms", operation);
        assert_eq!((site.policy(), site.worst_case()), (None, None));
    }
}

#[test]
fn what_a_method_allows_adds_to_what_its_block_does() {
    let block = [Lint::ConflictingPolicies];
    assert_eq!(site("forms", "Table::read").allowed(), block);
    let method = [Lint::LongWorstCase, Lint::ConflictingPolicies];
    assert_eq!(site("forms", "{Self::NAME}").allowed(), method);
}

#[test]
fn every_lint_can_be_allowed() {
    assert_eq!(site("forms", "silent").allowed(), Lint::ALL);
}
