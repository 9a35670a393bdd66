use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(status = 503)]
    Lost,
}

fn main() {}
