use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(status = 2)]
    Http(u16, String),
}

fn main() {}
