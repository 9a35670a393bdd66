use retry_core::Classify;

#[derive(Classify)]
#[classify(default = blue)]
enum Failure {
    Lost,
}

fn main() {}
