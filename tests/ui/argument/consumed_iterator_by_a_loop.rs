use std::io;

use retry_core::retry;

#[retry]
fn sum(numbers: Vec<u32>) -> io::Result<u32> {
    let mut sum = 0;
    for number in numbers {
        sum += number;
    }
    Ok(sum)
}

fn main() {}
