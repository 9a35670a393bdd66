use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(transiant)]
    Lost,
}

fn main() {}
