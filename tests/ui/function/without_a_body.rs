use std::io;

use retry_core::retry;

trait Fetch {
    #[retry]
    fn fetch(&self) -> io::Result<()>;
}

fn main() {}
