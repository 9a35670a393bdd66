use retry_core::Classify;

#[derive(Classify)]
#[classify(transparent)]
struct Failure {
    source: std::io::Error,
    path: String,
}

fn main() {}
