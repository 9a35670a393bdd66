use std::io;

use retry_core::retry;

#[retry]
trait Fetch {
    fn fetch(&self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {}
