use retry_core::Classify;

#[derive(Classify)]
#[classify(default = 8)]
enum Failure {
    Lost,
}

fn main() {}
