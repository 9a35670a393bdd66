use retry_core::retry;

struct Answer;

#[retry]
async fn fetch() -> Answer {
    Answer
}

fn main() {}
