//! A look at a text before it is parsed: what its parsing would cost.

/// Deepest nesting that is parsed on the stack of the caller. A level takes up to 80 KiB.
const CALLER_DEPTH_MAX: usize = 12;
/// Most values of a resource: objects, arrays, and what stands in them. An object of some types takes
/// kilobytes, whatever it holds.
pub const VALUES_MAX: usize = 50_000;

/// How a JSON text is built.
#[derive(Default)]
pub(crate) struct Shape {
    depth: usize,
    values: usize,
    /// An array stands directly in an array, which JSON of FHIR does not have. The types would read
    /// such a one as an object whose elements come in order.
    pub has_array_in_array: bool,
}

impl Shape {
    /// Of a text that need not be JSON.
    pub fn of(text: &str) -> Self {
        let mut shape = Self::default();
        let mut are_arrays: Vec<bool> = Vec::new();
        let mut bytes = text.bytes();
        while let Some(byte) = bytes.next() {
            match byte {
                b'"' => skip_string(&mut bytes),
                b'[' | b'{' => {
                    let is_array = byte == b'[';
                    shape.has_array_in_array |= is_array && are_arrays.last() == Some(&true);
                    shape.values += 1;
                    are_arrays.push(is_array);
                    shape.depth = shape.depth.max(are_arrays.len());
                }
                b']' | b'}' => {
                    are_arrays.pop();
                }
                b',' => shape.values += 1,
                _ => {}
            }
        }
        shape
    }

    pub fn has_too_many_values(&self) -> bool {
        self.values > VALUES_MAX
    }

    pub fn is_shallow(&self) -> bool {
        self.depth <= CALLER_DEPTH_MAX
    }
}

fn skip_string(bytes: &mut impl Iterator<Item = u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
}
