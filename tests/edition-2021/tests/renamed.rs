//! `retry-core` under another name.

use std::cell::Cell;
use std::io;

use renamed::inventory::SiteInfo;
use renamed::{Classify, retry, retry_methods};

#[derive(Debug, Classify)]
#[classify(crate = ::renamed)]
enum Fault {
    #[classify(transient)]
    Flaky,
}

#[retry(attempts = 3, backoff = none, crate = ::renamed)]
fn flaky(runs: &Cell<u32>) -> Result<u32, Fault> {
    runs.set(runs.get() + 1);
    if runs.get() < 3 {
        return Err(Fault::Flaky);
    }
    Ok(runs.get())
}

#[derive(Default)]
struct Client {
    runs: Cell<u32>,
}

#[retry_methods(attempts = 2, backoff = none, crate = ::renamed)]
impl Client {
    async fn get(&self) -> io::Result<()> {
        self.runs.set(self.runs.get() + 1);
        std::future::ready(()).await;
        Err(io::ErrorKind::TimedOut.into())
    }
}

#[test]
fn a_function_is_retried() {
    assert_eq!(flaky(&Cell::new(0)).ok(), Some(3));
}

#[tokio::test]
async fn a_block_is_retried() {
    let client = Client::default();
    assert!(client.get().await.is_err());
    assert_eq!(client.runs.get(), 2);
}

#[test]
fn the_inventory_has_its_sites() {
    let report = renamed::report().only(module_path!());
    let operations: Vec<&str> = report.sites().iter().map(SiteInfo::operation).collect();
    assert_eq!(operations, ["flaky", "Client::get"]);
}
