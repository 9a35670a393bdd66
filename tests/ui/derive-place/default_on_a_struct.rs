use retry_core::Classify;

#[derive(Classify)]
#[classify(default = permanent)]
struct Failure;

fn main() {}
