use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(timeout)]
    Lost,
}

fn main() {}
