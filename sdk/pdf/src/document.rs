//! What a document consists of, and where it goes on the pages.

use crate::{
    layout::{lines, width},
    writing::{file, Attached, Front, Page, PAGE},
};

/// Space around the text of a page, in points.
const MARGIN: f32 = 42.0;
/// Where the text of a page begins, in points from the lower edge.
const TOP: f32 = PAGE.1 - MARGIN;
/// Where it ends: above the page's number.
const BOTTOM: f32 = 58.0;
/// Sizes of text, in points.
const TITLE_SIZE: f32 = 17.0;
const HEADING_SIZE: f32 = 11.0;
const TEXT_SIZE: f32 = 9.0;
const FOOTER_SIZE: f32 = 8.0;
/// From one baseline to the next, as a share of the size.
const LINE_HEIGHT: f32 = 1.45;
/// From the top of a line to its baseline, likewise.
const ASCENT: f32 = 1.05;
/// Space around the text of a cell, in points.
const PADDING: f32 = 3.0;
/// Space after a block, in points.
const GAP: f32 = 6.0;
/// Share of a field's width that its label takes.
const LABEL_SHARE: f32 = 0.3;

/// Where text stands in its cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// At the left: words.
    Left,
    /// At the right: figures.
    Right,
}

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column<'a> {
    /// What stands at its head.
    pub title: &'a str,
    /// Its width in relation to the other columns'.
    pub share: u16,
    /// Where its text stands.
    pub align: Align,
}

/// A document that grows downwards. What it takes is in proportion to the text put into it.
pub struct Document {
    front: Front,
    full: Vec<Page>,
    page: Page,
    /// Where the next block begins, in points from the lower edge.
    top: f32,
}

impl Document {
    /// An empty document. The title is shown at the head and by viewers.
    pub fn new(title: &str) -> Self {
        let mut document = Self {
            front: Front {
                title: title.to_owned(),
                producer: "Xinglin".to_owned(),
                attached: None,
            },
            full: Vec::new(),
            page: Page::new(),
            top: TOP,
        };
        for line in lines(title, TITLE_SIZE, text_width()) {
            let x = (PAGE.0 - width(&line, TITLE_SIZE)) / 2.0;
            document.write_line(&line, TITLE_SIZE, x);
        }
        document.top -= GAP;
        document
    }

    /// Names the program that makes the document, in ASCII without parentheses; else it is
    /// `Xinglin`.
    pub fn set_producer(&mut self, producer: &str) {
        self.front.producer = producer.to_owned();
    }

    /// Attaches the JSON from which the document is made, under an ASCII name. Viewers offer it as
    /// a file; [`attached_json`](crate::attached_json) reads it again.
    pub fn attach_json(&mut self, name: &str, json: String) {
        self.front.attached = Some(Attached {
            name: name.to_owned(),
            json,
        });
    }

    /// A heading, kept together with the next line.
    pub fn heading(&mut self, text: &str) {
        self.reserve(HEADING_SIZE * LINE_HEIGHT + 2.0 * TEXT_SIZE * LINE_HEIGHT);
        for line in lines(text, HEADING_SIZE, text_width()) {
            self.write_line(&line, HEADING_SIZE, MARGIN);
        }
        self.top -= GAP / 2.0;
    }

    /// Text over the whole width. A line feed begins a new line.
    pub fn paragraph(&mut self, text: &str) {
        for line in lines(text, TEXT_SIZE, text_width()) {
            self.write_line(&line, TEXT_SIZE, MARGIN);
        }
        self.top -= GAP;
    }

    /// Labels with their values, two of them beside each other; a value that does not fit breaks.
    pub fn fields(&mut self, fields: &[(&str, &str)]) {
        let field_width = text_width() / 2.0;
        let label_width = field_width * LABEL_SHARE;
        for pair in fields.chunks(2) {
            let cells: Vec<(f32, Vec<String>)> = pair
                .iter()
                .zip([MARGIN, MARGIN + field_width])
                .flat_map(|((label, value), x)| {
                    let value_width = field_width - label_width - GAP;
                    [
                        (x, lines(label, TEXT_SIZE, label_width - GAP)),
                        (x + label_width, lines(value, TEXT_SIZE, value_width)),
                    ]
                })
                .collect();
            let height = cells
                .iter()
                .map(|(_, lines)| lines.len())
                .max()
                .unwrap_or(0);
            for index in 0..height {
                self.reserve(TEXT_SIZE * LINE_HEIGHT);
                for (x, lines) in &cells {
                    if let Some(line) = lines.get(index) {
                        self.page
                            .text(line, TEXT_SIZE, (*x, self.top - TEXT_SIZE * ASCENT));
                    }
                }
                self.top -= TEXT_SIZE * LINE_HEIGHT;
            }
        }
        self.top -= GAP;
    }

    /// A table with lines between its cells. A row that does not fit begins a new page, one higher
    /// than a page continues on the next; the head is repeated on each. Cells beyond the columns
    /// are left out, missing ones are empty.
    pub fn table<R, C>(&mut self, columns: &[Column<'_>], rows: R)
    where
        R: IntoIterator<Item = C>,
        C: AsRef<[String]>,
    {
        let shares: f32 = columns.iter().map(|column| f32::from(column.share)).sum();
        let widths: Vec<f32> = columns
            .iter()
            .map(|column| text_width() * f32::from(column.share) / shares.max(1.0))
            .collect();
        let cells_of = |texts: &mut dyn Iterator<Item = &str>| -> Vec<Cell> {
            columns
                .iter()
                .zip(&widths)
                .map(|(column, width)| Cell {
                    lines: lines(texts.next().unwrap_or(""), TEXT_SIZE, width - 2.0 * PADDING),
                    width: *width,
                    align: column.align,
                })
                .collect()
        };
        let head = cells_of(&mut columns.iter().map(|column| column.title));
        self.reserve(2.0 * row_height(line_count(&head)));
        self.rule();
        self.row(&head, 0..line_count(&head));
        for row in rows {
            let cells = cells_of(&mut row.as_ref().iter().map(String::as_str));
            self.rows(&head, &cells);
        }
        self.top -= GAP;
    }

    /// A line over the whole width.
    pub fn rule(&mut self) {
        let right = PAGE.0 - MARGIN;
        self.page.line((MARGIN, self.top), (right, self.top));
    }

    /// The document as a PDF file.
    pub fn finish(mut self) -> Vec<u8> {
        self.full.push(self.page);
        let count = self.full.len();
        for (index, page) in self.full.iter_mut().enumerate() {
            let number = format!("{} / {count}", index + 1);
            let x = (PAGE.0 - width(&number, FOOTER_SIZE)) / 2.0;
            page.text(&number, FOOTER_SIZE, (x, MARGIN - FOOTER_SIZE));
        }
        file(&self.front, self.full)
    }

    /// One row: together on a page if a page can hold it, else on as many as it takes.
    fn rows(&mut self, head: &[Cell], cells: &[Cell]) {
        let count = line_count(cells);
        let together = count <= fitting_lines(TOP - repeated_height(head));
        let needed = if together { count } else { 1 };
        let mut done = 0;
        while done < count {
            if fitting_lines(self.top) < needed {
                self.new_page();
                self.rule();
                if repeated_height(head) > 0.0 {
                    self.row(head, 0..line_count(head));
                }
            }
            let part = fitting_lines(self.top).clamp(1, count - done);
            self.row(cells, done..done + part);
            done += part;
        }
    }

    /// Some lines of a row, with the lines around its cells except the one above.
    fn row(&mut self, cells: &[Cell], part: std::ops::Range<usize>) {
        let height = row_height(part.len());
        let (top, bottom) = (self.top, self.top - height);
        let mut x = MARGIN;
        for cell in cells {
            self.page.line((x, top), (x, bottom));
            let shown = cell.lines.iter().skip(part.start).take(part.len());
            for (index, line) in (0_u16..).zip(shown) {
                let left = match cell.align {
                    Align::Left => x + PADDING,
                    Align::Right => x + cell.width - PADDING - width(line, TEXT_SIZE),
                };
                let down =
                    PADDING + f32::from(index) * TEXT_SIZE * LINE_HEIGHT + TEXT_SIZE * ASCENT;
                self.page.text(line, TEXT_SIZE, (left, top - down));
            }
            x += cell.width;
        }
        self.page.line((x, top), (x, bottom));
        self.top = bottom;
        self.rule();
    }

    fn write_line(&mut self, line: &str, size: f32, x: f32) {
        self.reserve(size * LINE_HEIGHT);
        self.page.text(line, size, (x, self.top - size * ASCENT));
        self.top -= size * LINE_HEIGHT;
    }

    /// Begins a new page if so much does not fit on this one.
    fn reserve(&mut self, height: f32) {
        if self.top - height < BOTTOM {
            self.new_page();
        }
    }

    fn new_page(&mut self) {
        self.full
            .push(std::mem::replace(&mut self.page, Page::new()));
        self.top = TOP;
    }
}

/// The text of a cell, broken into lines.
struct Cell {
    lines: Vec<String>,
    width: f32,
    align: Align,
}

fn text_width() -> f32 {
    PAGE.0 - 2.0 * MARGIN
}

fn line_count(cells: &[Cell]) -> usize {
    cells.iter().map(|cell| cell.lines.len()).max().unwrap_or(1)
}

fn row_height(lines: usize) -> f32 {
    let lines = f32::from(u16::try_from(lines).unwrap_or(u16::MAX));
    lines * TEXT_SIZE * LINE_HEIGHT + 2.0 * PADDING
}

/// What the head of a table takes on a further page. One that fills half of a page is not repeated.
fn repeated_height(head: &[Cell]) -> f32 {
    let height = row_height(line_count(head));
    if 2.0 * height < TOP - BOTTOM {
        height
    } else {
        0.0
    }
}

/// How many lines of a row fit below a place.
fn fitting_lines(top: f32) -> usize {
    (0..)
        .take_while(|lines| top - row_height(lines + 1) >= BOTTOM)
        .count()
}
