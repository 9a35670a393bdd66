use retry_core::retry;

#[retry]
mod client {}

fn main() {}
