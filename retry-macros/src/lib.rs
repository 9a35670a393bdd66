//! The attributes (being written).
