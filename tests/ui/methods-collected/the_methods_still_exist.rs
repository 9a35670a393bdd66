use std::io;

use retry_core::retry_methods;

struct Client;

#[retry_methods(atempts = 5)]
impl Client {
    const LIMIT: u32 = 5;

    #[retry(skip)]
    fn read(&self) -> io::Result<()> {
        Ok(())
    }

    #[retry_core::retry(skip)]
    #[cfg_attr(all(), inline, retry(skip))]
    fn write(&self) -> io::Result<u32> {
        Ok(Self::LIMIT)
    }
}

fn main() -> io::Result<()> {
    let client = Client;
    client.read()?;
    client.write()?;
    client.missing()
}
