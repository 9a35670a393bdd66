use retry_core::Classify;

#[derive(Classify)]
enum Failure {
    #[classify(status = response.code)]
    Http { response: Response },
}

struct Response {
    code: u16,
}

fn main() {}
