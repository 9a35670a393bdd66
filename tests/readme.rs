//! The README's snippets, compiled and run as doctests.
