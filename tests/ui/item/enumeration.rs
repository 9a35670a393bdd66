use retry_core::retry;

#[retry]
enum Client {}

fn main() {}
