use std::io;

use retry_core::retry;

struct Cursor(u32);

impl Cursor {
    #[retry(carry(self))]
    fn next(&mut self) -> io::Result<u32> {
        self.0 += 1;
        Ok(self.0)
    }
}

fn main() {}
