use retry_core::Classify;

#[derive(Classify)]
#[classify(default = unkown)]
enum Failure {
    Lost,
}

fn main() {}
