use std::io;

use retry_core::retry_methods;

struct Client;

#[retry_methods(allow(shared_without_jiter), methods(read(allow(conflicting_polices))))]
impl Client {
    fn read(&self) -> io::Result<()> {
        Ok(())
    }

    #[retry(allow(long_worst_cases))]
    fn write(&self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {}
