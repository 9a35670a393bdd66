use retry_core::Classify;

#[derive(Classify)]
#[classify(reason = "quota of the tenant")]
struct Failure;

fn main() {}
