use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(blue)]
    Lost,
}

fn main() {}
