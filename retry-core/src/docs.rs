//! Pages to read, besides the reference.

#[doc = include_str!("../docs/reading-the-errors.md")]
pub mod reading_the_errors {}
