use std::io;

use retry_core::retry;

struct Pages(u32);

impl Pages {
    #[retry]
    fn next(mut self) -> io::Result<u32> {
        self.0 += 1;
        Ok(self.0)
    }
}

fn main() {}
