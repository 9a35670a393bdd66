//! Only holds the tests.
