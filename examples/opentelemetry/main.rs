//! Two orders in a shop, as OpenTelemetry sees them: what was tried again, what failed for good, and why.
//!
//! ```sh
//! cargo run --example opentelemetry
//! ```
//!
//! The exporters keep what they get, and it is printed at the end; with an OTLP exporter in their place, a backend would show it. What to look
//! at:
//!
//! - **the traces**: `reserve_stock` succeeds at once and has no span. `charge_card` is a success for who pays, and its span shows what it
//!   took: an attempt that failed and one that timed out. Only what fails for good is an error, as `send_receipt`.
//! - **the circuit**: the first `update_search_index` opens it, and its span says so. The second is turned away without an attempt.
//! - **the metrics**: what an alert would watch. A circuit's state is read when metrics are collected.

mod print;
mod shop;

use std::error::Error;
use std::io::{self, Write};
use std::sync::LazyLock;

use opentelemetry::trace::{FutureExt, TraceContextExt, Tracer};
use opentelemetry::{Context, global};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use retry_core::observe::OpenTelemetryObserver;
use retry_core::set_global_observer;

use crate::shop::Shop;

/// Sees every call of the program.
static OPEN_TELEMETRY: LazyLock<OpenTelemetryObserver> =
    LazyLock::new(OpenTelemetryObserver::global);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let spans = InMemorySpanExporter::default();
    let tracers = SdkTracerProvider::builder()
        .with_simple_exporter(spans.clone())
        .build();
    let metrics = InMemoryMetricExporter::default();
    let meters = SdkMeterProvider::builder()
        .with_reader(PeriodicReader::builder(metrics.clone()).build())
        .build();
    global::set_tracer_provider(tracers);
    global::set_meter_provider(meters.clone());
    set_global_observer(&OPEN_TELEMETRY)?;

    let shop = Shop::default();
    for _ in 0..2 {
        take_order(&shop).await;
    }

    let mut out = io::stdout();
    print::traces(&spans.get_finished_spans()?, &mut out)?;
    meters.force_flush()?;
    writeln!(out, "\nThe metrics")?;
    for collected in metrics.get_finished_metrics()? {
        print::metrics(&collected, &mut out)?;
    }
    Ok(())
}

/// What the program's web framework does for a request: a span, in which everything else happens.
async fn take_order(shop: &Shop) {
    let span = global::tracer("shop").start("POST /orders");
    let request = Context::current_with_span(span);
    shop.take_order().with_context(request.clone()).await;
    request.span().end();
}
