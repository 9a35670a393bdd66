use retry_core::retry;

#[retry]
fn fetch() -> () {}

fn main() {}
