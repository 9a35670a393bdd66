//! What points to an error is what the error is.

use std::rc::Rc;
use std::sync::Arc;

use crate::{Classification, Classify};

impl<T: Classify + ?Sized> Classify for &T {
    fn classify(&self) -> Classification {
        T::classify(self)
    }
}

impl<T: Classify + ?Sized> Classify for Box<T> {
    fn classify(&self) -> Classification {
        T::classify(self)
    }
}

impl<T: Classify + ?Sized> Classify for Arc<T> {
    fn classify(&self) -> Classification {
        T::classify(self)
    }
}

impl<T: Classify + ?Sized> Classify for Rc<T> {
    fn classify(&self) -> Classification {
        T::classify(self)
    }
}
