//! stub
#![allow(missing_docs)]
use crate::class::ErrorClass;
use crate::time::TimeSource;
#[derive(Debug)]
pub struct Budget {
    name: &'static str,
}
#[derive(Debug)]
pub struct BudgetToken<'a>(&'a Budget);
impl Budget {
    pub const fn new(name: &'static str) -> Self {
        Self { name }
    }
    pub(crate) fn identity(&self) -> &crate::guard::Identity {
        todo!()
    }
    pub fn name(&self) -> &str {
        self.name
    }
    pub(crate) fn deposit_on(&self, _: TimeSource<'_>) {}
    pub(crate) fn withdraw_on(&self, _: ErrorClass, _: TimeSource<'_>) -> Option<BudgetToken<'_>> {
        Some(BudgetToken(self))
    }
    pub(crate) fn succeed(&self) {}
}
impl BudgetToken<'_> {
    pub fn spend(self) {
        let _ = self.0;
    }
}
