use std::io;

use retry_core::retry_methods;

struct Client;

#[retry_methods]
impl Client {
    #[cfg_attr(all(), doc(hidden), retry(skip))]
    fn read(&self) -> io::Result<()> {
        Ok(())
    }

    #[cfg_attr(all(), cfg_attr(any(), retry))]
    fn write(&self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {}
