//! The objects of the file.

use pdf_writer::{
    types::{AssociationKind, CidFontType, FontFlags, SystemInfo},
    Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr,
};

/// Width and height of A4, in points.
pub(crate) const PAGE: (f32, f32) = (595.0, 842.0);
/// The name of the font in the pages' resources.
const FONT: Name<'static> = Name(b"F1");
/// The font's name, predefined for the collection Adobe-GB1.
const BASE_FONT: &[u8] = b"STSong-Light";
/// UTF-16BE to the collection's characters, horizontal; predefined too.
const ENCODING: &[u8] = b"UniGB-UTF16-H";
/// The collection's numbers of the printable ASCII characters.
const ASCII_CIDS: (u16, u16) = (1, 95);
/// Line width of rules and tables, in points.
const RULE: f32 = 0.5;

const CATALOG: Ref = Ref::new(1);
const PAGES: Ref = Ref::new(2);
const INFO: Ref = Ref::new(3);
const TYPE0: Ref = Ref::new(4);
const CID_FONT: Ref = Ref::new(5);
const DESCRIPTOR: Ref = Ref::new(6);
/// The first page. Every page is followed by its content.
const FIRST_PAGE: i32 = 7;

/// Draws one page. Places are in points from the lower left corner.
pub(crate) struct Page {
    content: Content,
}

impl Page {
    pub fn new() -> Self {
        let mut content = Content::new();
        content.set_line_width(RULE);
        Self { content }
    }

    /// A line of text whose baseline begins at a place.
    pub fn text(&mut self, text: &str, size: f32, (x, y): (f32, f32)) {
        let encoded: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        self.content
            .begin_text()
            .set_font(FONT, size)
            .next_line(x, y)
            .show(Str(&encoded))
            .end_text();
    }

    /// A straight line.
    pub fn line(&mut self, from: (f32, f32), to: (f32, f32)) {
        self.content
            .move_to(from.0, from.1)
            .line_to(to.0, to.1)
            .stroke();
    }
}

/// What a file has beside its pages.
pub(crate) struct Front {
    pub title: String,
    pub producer: String,
    pub attached: Option<Attached>,
}

/// A file within the file: the JSON from which its pages are made.
pub(crate) struct Attached {
    pub name: String,
    pub json: String,
}

/// The file of these pages. What is read again stands before them, whatever their text: see
/// [`reading`](crate::reading).
pub(crate) fn file(front: &Front, pages: Vec<Page>) -> Vec<u8> {
    let mut pdf = Pdf::new();
    pdf.set_version(1, 7);
    pdf.document_info(INFO)
        .title(TextStr(&front.title))
        .producer(TextStr(&front.producer));
    let ids = |index: usize| {
        let page = i32::try_from(index).unwrap_or(i32::MAX / 4) * 2 + FIRST_PAGE;
        (Ref::new(page), Ref::new(page + 1))
    };
    let (specification, embedded) = ids(pages.len());
    if let Some(attached) = &front.attached {
        write_attached(&mut pdf, attached, specification, embedded);
    }
    let mut catalog = pdf.catalog(CATALOG);
    catalog.pages(PAGES).lang(TextStr("zh-CN"));
    if let Some(attached) = &front.attached {
        let name = Str(attached.name.as_bytes());
        catalog
            .names()
            .embedded_files()
            .names()
            .insert(name, specification);
        catalog.insert(Name(b"AF")).array().item(specification);
    }
    catalog.finish();
    pdf.pages(PAGES)
        .kids((0..pages.len()).map(|index| ids(index).0))
        .count(i32::try_from(pages.len()).unwrap_or(i32::MAX));
    write_font(&mut pdf);
    for (index, page) in pages.into_iter().enumerate() {
        let (page_id, content_id) = ids(index);
        let mut object = pdf.page(page_id);
        object
            .parent(PAGES)
            .media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1))
            .contents(content_id);
        object.resources().fonts().pair(FONT, TYPE0);
        object.finish();
        pdf.stream(content_id, &page.content.finish());
    }
    pdf.finish()
}

/// An embedded file (ISO 32000-1, 7.11.4) that says to be the source of the document (ISO 32000-2, 7.11.3).
fn write_attached(pdf: &mut Pdf, attached: &Attached, specification: Ref, embedded: Ref) {
    let json = attached.json.as_bytes();
    pdf.embedded_file(embedded, json)
        .subtype(Name(b"application/json"))
        .params()
        .size(i32::try_from(json.len()).unwrap_or(i32::MAX));
    pdf.file_spec(specification)
        .path(Str(attached.name.as_bytes()))
        .unic_file(TextStr(&attached.name))
        .embedded_file_with_unicode(embedded)
        .association_kind(AssociationKind::Source);
}

fn write_font(pdf: &mut Pdf) {
    pdf.type0_font(TYPE0)
        .base_font(Name(BASE_FONT))
        .encoding_predefined(Name(ENCODING))
        .descendant_font(CID_FONT);
    let mut font = pdf.cid_font(CID_FONT);
    font.subtype(CidFontType::Type0)
        .base_font(Name(BASE_FONT))
        .system_info(SystemInfo {
            registry: Str(b"Adobe"),
            ordering: Str(b"GB1"),
            supplement: 5,
        })
        .font_descriptor(DESCRIPTOR)
        .default_width(1000.0);
    font.widths().same(ASCII_CIDS.0, ASCII_CIDS.1, 500.0);
    font.finish();
    // Published metrics of the font, from which a viewer chooses a substitute.
    pdf.font_descriptor(DESCRIPTOR)
        .name(Name(BASE_FONT))
        .flags(FontFlags::SYMBOLIC | FontFlags::SERIF)
        .bbox(Rect::new(-25.0, -254.0, 1000.0, 880.0))
        .italic_angle(0.0)
        .ascent(880.0)
        .descent(-120.0)
        .cap_height(880.0)
        .stem_v(93.0);
}
