use std::io;

use retry_core::retry;

struct Body;

#[retry(clone(body))]
fn send(body: Body) -> io::Result<()> {
    drop(body);
    Ok(())
}

fn main() {}
