use retry_core::retry;

#[retry]
const LIMIT: u32 = 5;

fn main() {}
