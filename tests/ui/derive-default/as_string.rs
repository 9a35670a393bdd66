use retry_core::Classify;

#[derive(Classify)]
#[classify(default = "permanent")]
enum Failure {
    Lost,
}

fn main() {}
