use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(transient, crate = ::retry_core)]
    Lost,
}

fn main() {}
