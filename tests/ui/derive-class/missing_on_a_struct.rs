use retry_core::Classify;

#[derive(Classify)]
struct Failure;

fn main() {}
