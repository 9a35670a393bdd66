use retry_core::retry;

struct Answer;

#[retry(returns = outcome)]
fn fetch() -> Answer {
    Answer
}

fn main() {}
