use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify("transient")]
    Lost,
}

fn main() {}
