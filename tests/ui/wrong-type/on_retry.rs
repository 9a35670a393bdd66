use std::io;

use retry_core::retry;
use retry_core::testing::Recorder;

#[retry(on_retry = recorder)]
fn fetch(recorder: &Recorder) -> io::Result<()> {
    Ok(())
}

fn main() {}
