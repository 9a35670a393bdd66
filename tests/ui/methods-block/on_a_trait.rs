use std::io;

use retry_core::retry_methods;

#[retry_methods(attempts = 5)]
pub trait Fetch {
    fn fetch() -> io::Result<()> {
        Ok(())
    }
}

fn main() {}
