use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(transient, permanent)]
    Lost,
}

fn main() {}
