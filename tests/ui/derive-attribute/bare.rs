use retry_core::Classify;

#[derive(Classify)]
#[classify]
struct Failure;

fn main() {}
