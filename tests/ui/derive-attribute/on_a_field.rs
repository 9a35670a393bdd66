use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    Http {
        #[classify(status)]
        code: u16,
    },
}

fn main() {}
