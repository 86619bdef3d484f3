//! E-invoices as they are handed on.

use crate::{
    document::{EInvoice, FormatError},
    pdf::{rendering_of, RENDERING},
};

/// Largest file that is read, in bytes: the PDF of an invoice of all its lines has some hundred KiB.
pub const FILE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// What a PDF begins with.
const PDF_MARK: &[u8] = b"%PDF-";

/// An e-invoice as it is handed on: as JSON, or as a PDF with that attached.
///
/// The document says all that the pages of a PDF show. Nobody has to read the pages: rendered
/// again, the document gives the same bytes, or the file was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EInvoiceFile {
    /// The document: the file itself, or what is attached to it.
    pub document: EInvoice,
    /// Whether a PDF is what its document is rendered as. None: it is JSON.
    pub pages: Option<Result<(), PagesFault>>,
}

/// Why a PDF does not show the document that is attached to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PagesFault {
    /// The file is another than the rendering.
    #[error("the PDF is not the rendering of its document, from byte {at} on: do not trust its pages, but the attached document, as far as nothing else differs; render it again")]
    Changed {
        /// The first byte that differs, from 0.
        at: usize,
    },
    /// Another version of the program rendered it, or the file says so.
    #[error("the PDF says to be of rendering {found}, and this program renders as {RENDERING}: it cannot tell whether the pages show the attached document; check it with the version that wrote it, or render it again")]
    OtherRendering {
        /// What the file says.
        found: u32,
    },
}

impl EInvoiceFile {
    /// Reads a file, JSON or PDF, and compares the pages of a PDF with its document.
    /// [`EInvoice::check`] says whether the document is sound.
    ///
    /// # Errors
    /// It is too long, neither of the two, or a PDF without a document, or the document is none.
    pub fn read(file: &[u8]) -> Result<Self, FormatError> {
        if file.len() > FILE_BYTES_MAX {
            return Err(FormatError::TooLong);
        }
        let is_pdf = file.starts_with(PDF_MARK);
        let json = if is_pdf {
            xinglin_pdf::attached_json(file).ok_or(FormatError::NothingAttached)?
        } else {
            file
        };
        let json = std::str::from_utf8(json).map_err(|_| FormatError::NotText)?;
        let document = EInvoice::from_json(json)?;
        let pages = is_pdf.then(|| compare_pages(&document, file));
        Ok(Self { document, pages })
    }
}

/// Compares a PDF with the rendering of its document.
fn compare_pages(document: &EInvoice, pdf: &[u8]) -> Result<(), PagesFault> {
    let rendered = document.to_pdf();
    if rendered == pdf {
        return Ok(());
    }
    if let Some(found) = rendering_of(pdf).filter(|found| *found != RENDERING) {
        return Err(PagesFault::OtherRendering { found });
    }
    let same = rendered
        .iter()
        .zip(pdf)
        .take_while(|(ours, its)| ours == its);
    Err(PagesFault::Changed { at: same.count() })
}
