use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(transparent)]
    Lost,
}

fn main() {}
