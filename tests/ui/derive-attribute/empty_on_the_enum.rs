use retry_core::Classify;

#[derive(Classify)]
#[classify()]
enum Failure {
    Lost,
}

fn main() {}
