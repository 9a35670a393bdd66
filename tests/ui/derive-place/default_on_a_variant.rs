use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(default = permanent)]
    Lost,
}

fn main() {}
