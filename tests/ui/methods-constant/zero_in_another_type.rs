use std::io;

use retry_core::retry_methods;

struct Limits;

impl Limits {
    const ATTEMPTS: u32 = 0;
}

struct Client<T>(T);

// `Limits` is no parameter of the block, so that this is known before any `T` is.
#[retry_methods(attempts = Limits::ATTEMPTS)]
impl<T> Client<T> {
    fn read(&self) -> io::Result<&T> {
        Ok(&self.0)
    }
}

fn main() {}
