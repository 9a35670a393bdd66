use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify()]
    Lost,
}

fn main() {}
