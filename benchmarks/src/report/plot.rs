//! A group's plot: a panel for each case, a bar for each subject. The bars grow with the logarithm: between the fastest and the slowest lie
//! factors of thousands.

use std::path::Path;

use plotters::prelude::{
    BLACK, Color, DrawingArea, IntoDrawingArea, IntoFont, RGBColor, Rectangle, SVGBackend, Text,
    WHITE,
};

use super::amount::{number, time};
use crate::case::{self, Case, Group};
use crate::figures::{Figures, Results};
use crate::parties::is_peer;

const WIDTH: u32 = 760;
const TITLE: u32 = 26;
const BAR: u32 = 16;
const GAP: u32 = 12;
const LABELS: i32 = 150;
const VALUES: i32 = 90;

const OURS: RGBColor = RGBColor(208, 96, 40);
const PEER: RGBColor = RGBColor(90, 120, 160);
const BARE: RGBColor = RGBColor(170, 170, 170);

type Error = Box<dyn std::error::Error>;

/// Draws a group's plot, unless there is nothing in it.
pub(super) fn draw(results: &Results, group: Group, file: &Path) -> Result<bool, Error> {
    let panels: Vec<Vec<&Figures>> = case::ALL
        .iter()
        .filter(|case| case.group == group)
        .map(|&case| bars(results, case))
        .filter(|bars| !bars.is_empty())
        .collect();
    let height = panels.iter().map(|bars| height_of(bars)).sum::<u32>();
    if height == 0 {
        return Ok(false);
    }
    let mut area = SVGBackend::new(file, (WIDTH, height)).into_drawing_area();
    area.fill(&WHITE)?;
    for bars in &panels {
        let (panel, below) = area.split_vertically(height_of(bars));
        draw_panel(&panel, bars)?;
        area = below;
    }
    area.present()?;
    Ok(true)
}

/// Those that have a size.
fn bars(results: &Results, case: Case) -> Vec<&Figures> {
    results
        .of(case)
        .filter(|figures| size(figures) > 0.0)
        .collect()
}

fn size(figures: &Figures) -> f64 {
    figures.ns().or(figures.bytes).unwrap_or_default()
}

fn label(figures: &Figures) -> String {
    match figures.ns() {
        Some(nanoseconds) => time(nanoseconds),
        None => format!("{} bytes", number(size(figures))),
    }
}

fn height_of(bars: &[&Figures]) -> u32 {
    let bars = u32::try_from(bars.len()).unwrap_or_default();
    TITLE + BAR * bars + GAP
}

fn draw_panel(
    panel: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    bars: &[&Figures],
) -> Result<(), Error> {
    let small = ("sans-serif", 12).into_font().color(&BLACK);
    let title = ("sans-serif", 14).into_font().color(&BLACK);
    panel.draw(&Text::new(bars[0].case.name, (8, 8), title))?;
    let sizes = bars.iter().map(|figures| size(figures));
    let smallest = sizes.clone().fold(f64::INFINITY, f64::min);
    let largest = sizes.fold(0.0, f64::max);
    let room = f64::from(WIDTH.cast_signed() - LABELS - VALUES);
    let mut top = TITLE.cast_signed();
    for figures in bars {
        let length = room * share(size(figures), smallest, largest);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it is at most the width of the plot"
        )]
        let right = LABELS + length as i32;
        let bottom = top + BAR.cast_signed();
        let colour = colour_of(figures.subject).filled();
        panel.draw(&Text::new(figures.subject, (8, top + 2), small.clone()))?;
        panel.draw(&Rectangle::new(
            [(LABELS, top + 2), (right, bottom - 2)],
            colour,
        ))?;
        panel.draw(&Text::new(
            label(figures),
            (right + 6, top + 2),
            small.clone(),
        ))?;
        top = bottom;
    }
    Ok(())
}

/// Of the room: a tenth for the smallest, all for the largest.
fn share(size: f64, smallest: f64, largest: f64) -> f64 {
    if largest <= smallest {
        return 1.0;
    }
    0.1 + 0.9 * (size / smallest).ln() / (largest / smallest).ln()
}

fn colour_of(subject: &str) -> RGBColor {
    match subject {
        "bare" => BARE,
        _ if is_peer(subject) => PEER,
        "backon and tracing" => PEER,
        _ => OURS,
    }
}
