//! Drawing in SVG: shapes in pixels, and axes that turn numbers into them.

use std::fmt::Write;

use crate::error::printable;

/// Text as HTML and SVG take it. What a stranger wrote is shown and never obeyed.
pub fn escape(text: &str) -> String {
    printable(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Colours that stay apart for colour-blind readers (Okabe and Ito, 2008), ours first.
pub const COLOURS: [&str; 8] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#000000", "#7a7a7a"];
/// Colour of rules.
pub const RULE: &str = "#d55e00";
/// Colour of what is ours.
pub const OUR_COLOUR: &str = COLOURS[0];

/// Where a text stands to its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// To the right of it.
    Start,
    /// Around it.
    Middle,
    /// To the left of it.
    End,
}

/// A picture in the making.
pub struct Drawing {
    width: f64,
    height: f64,
    label: String,
    body: String,
}

impl Drawing {
    /// An empty picture; `label` says what it shows to those who cannot see it.
    pub fn new(width: f64, height: f64, label: &str) -> Self {
        Self { width, height, label: escape(label), body: String::new() }
    }

    /// A line of a class (`grid`, `axis`) of the page's style.
    pub fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), class: &str) {
        let _ = write!(self.body, r#"<line class="{class}" x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}"/>"#);
    }

    /// A coloured line through points, whole or dashed.
    pub fn path(&mut self, points: &[(f64, f64)], colour: &str, width: f64, dashes: &str) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = write!(
            self.body,
            r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-dasharray="{dashes}"/>"#,
            points.join(" ")
        );
    }

    /// A filled rectangle; `says` appears where a pointer rests on it.
    pub fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), fill: &str, says: &str) {
        let _ = write!(
            self.body,
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" fill="{fill}"><title>{}</title></rect>"#,
            escape(says)
        );
    }

    /// A dot.
    pub fn dot(&mut self, (x, y): (f64, f64), radius: f64, fill: &str, says: &str) {
        let _ = write!(
            self.body,
            r##"<circle cx="{x:.1}" cy="{y:.1}" r="{radius}" fill="{fill}" stroke="#fff"><title>{}</title></circle>"##,
            escape(says)
        );
    }

    /// A diamond.
    pub fn diamond(&mut self, (x, y): (f64, f64), radius: f64, fill: &str, says: &str) {
        let _ = write!(
            self.body,
            r##"<path d="M{x:.1} {:.1}l{radius} {radius}l-{radius} {radius}l-{radius} -{radius}z" fill="{fill}" stroke="#fff"><title>{}</title></path>"##,
            y - radius,
            escape(says)
        );
    }

    /// A text of a class (`tick`, `name`, `title`, ...) of the page's style.
    pub fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, class: &str, text: &str) {
        let _ = write!(
            self.body,
            r#"<text class="{class}" x="{x:.1}" y="{y:.1}" text-anchor="{}">{}</text>"#,
            anchor.name(),
            escape(text)
        );
    }

    /// A text turned by so many degrees about its point.
    pub fn turned(&mut self, (x, y): (f64, f64), degrees: f64, anchor: Anchor, class: &str, text: &str) {
        let _ = write!(
            self.body,
            r#"<text class="{class}" transform="translate({x:.1} {y:.1}) rotate({degrees})" text-anchor="{}">{}</text>"#,
            anchor.name(),
            escape(text)
        );
    }

    /// The picture as an element of a page.
    pub fn svg(self) -> String {
        format!(
            r#"<svg viewBox="0 0 {:.0} {:.0}" role="img" aria-label="{}">{}</svg>"#,
            self.width, self.height, self.label, self.body
        )
    }
}

impl Anchor {
    fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Middle => "middle",
            Self::End => "end",
        }
    }
}

/// How a number becomes a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Evenly.
    Linear,
    /// By its logarithm.
    Log,
    /// By the logarithm of one more than it, so that zero has a place.
    LogFromZero,
}

/// An axis between two numbers and two pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    /// How.
    pub scale: Scale,
    /// The numbers at its ends.
    pub numbers: (f64, f64),
    /// The pixels at its ends.
    pub pixels: (f64, f64),
}

impl Axis {
    /// The place of a number; what is beyond an end is drawn there.
    pub fn at(&self, number: f64) -> f64 {
        let place = |number: f64| match self.scale {
            Scale::Linear => number,
            Scale::Log => number.max(f64::MIN_POSITIVE).log10(),
            Scale::LogFromZero => (1.0 + number).log10(),
        };
        let (low, high) = (place(self.numbers.0), place(self.numbers.1));
        let part = ((place(number) - low) / (high - low)).clamp(0.0, 1.0);
        self.pixels.0 + part * (self.pixels.1 - self.pixels.0)
    }
}
