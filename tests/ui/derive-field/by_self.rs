use retry_core::Classify;

#[derive(Classify)]
#[classify(status = self.code)]
struct Failure {
    code: u16,
}

fn main() {}
