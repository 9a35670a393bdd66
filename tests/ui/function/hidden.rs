use retry_core::retry;

#[retry]
fn fetch() -> impl Send {
    Ok::<(), std::io::Error>(())
}

fn main() {}
