use retry_core::Classify;

#[derive(Classify)]
#[classify(transient, crate = "retry_core")]
struct Failure;

fn main() {}
