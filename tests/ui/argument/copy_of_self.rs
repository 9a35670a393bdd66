use std::io;

use retry_core::retry;

#[derive(Clone)]
struct Pages(u32);

impl Pages {
    #[retry(clone(self))]
    fn next(self) -> io::Result<u32> {
        Ok(self.0)
    }
}

fn main() {}
