use std::io;

use retry_core::retry_methods;

struct Client;
macro_rules! methods {
    () => {
        fn read() -> io::Result<()> {
            Ok(())
        }
    };
}

#[retry_methods]
impl Client {
    methods!();
}

fn main() {}
