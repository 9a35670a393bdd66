use std::io;

use retry_core::retry;

trait Store {
    fn load(&self) -> io::Result<u32>;
}

impl Store for () {
    #[retry(returns = outcome)]
    fn load(&self) -> io::Result<u32> {
        Ok(1)
    }
}

fn main() {}
