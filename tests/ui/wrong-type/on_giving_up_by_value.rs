use std::io;

use retry_core::{Event, retry};

#[retry(on_giving_up = log)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn log(event: Event<'_>) {
    eprintln!("{event}");
}

fn main() {}
