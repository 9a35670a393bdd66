//! A shop and the services that it needs, which have their moods.

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::StatusCode;
use retry_core::{CircuitBreaker, Classify, Stopped, retry};

/// The registry knows it, as `#[retry]` names it; so its state is in the metrics.
static SEARCH: CircuitBreaker = CircuitBreaker::new("search").consecutive(3);

#[derive(Default)]
pub(crate) struct Shop {
    charges: AtomicUsize,
}

impl Shop {
    /// An order is taken once it is paid. The customer does not notice what fails after that.
    pub(crate) async fn take_order(&self) {
        let paid = async {
            self.reserve_stock().await?;
            self.charge_card().await
        };
        if paid.await.is_ok() {
            let _ = self.send_receipt().await;
            let _ = self.update_search_index().await;
        }
    }

    #[retry]
    async fn reserve_stock(&self) -> Result<(), ServiceError> {
        answer(StatusCode::OK).await
    }

    #[retry(attempts = 4, attempt_timeout = "100ms", backoff = fixed("20ms"))]
    async fn charge_card(&self) -> Result<(), ServiceError> {
        match self.charges.fetch_add(1, Ordering::Relaxed) {
            0 => answer(StatusCode::SERVICE_UNAVAILABLE).await,
            1 => pending().await,
            _ => answer(StatusCode::OK).await,
        }
    }

    #[retry]
    async fn send_receipt(&self) -> Result<(), ServiceError> {
        answer(StatusCode::NOT_FOUND).await
    }

    #[retry(attempts = 5, backoff = fixed("10ms"), breaker = SEARCH)]
    async fn update_search_index(&self) -> Result<(), ServiceError> {
        answer(StatusCode::INTERNAL_SERVER_ERROR).await
    }
}

/// Some service answers, after a while.
async fn answer(status: StatusCode) -> Result<(), ServiceError> {
    tokio::time::sleep(Duration::from_millis(5)).await;
    if status.is_success() {
        Ok(())
    } else {
        Err(ServiceError::Status(status))
    }
}

#[derive(Debug, thiserror::Error, Classify)]
enum ServiceError {
    #[error("{0}")]
    #[classify(status = 0)]
    Status(StatusCode),
    #[error(transparent)]
    #[classify(transparent)]
    Stopped(#[from] Stopped),
}
