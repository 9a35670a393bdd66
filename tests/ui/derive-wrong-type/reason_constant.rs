use retry_core::Classify;

const CODE: u8 = 5;

#[derive(Classify)]
enum Failure {
    #[classify(transient, reason = CODE)]
    Lost,
}

fn main() {}
