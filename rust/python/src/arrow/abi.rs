//! The Arrow C data and stream interfaces: the three structs, their release callbacks, and nothing else.
//!
//! **In**: owned columns. **Out**: an `ArrowArrayStream` that the consumer owns. **Law**: the producer allocates, the consumer releases
//! exactly once by calling `release`, which clears itself; a struct that was moved out by the consumer has `release` null and is left
//! alone when the capsule dies. Only this file and the buffer of `scores.rs` hold `unsafe` in the binding: each block says why it may.
//!
//! Source: "The Arrow C data interface" and "The Arrow C stream interface", arrow.apache.org/docs/format, structure definitions and
//! release rules.

use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr;

/// `struct ArrowSchema`.
#[repr(C)]
pub(super) struct ArrowSchema {
    format: *const c_char,
    name: *const c_char,
    metadata: *const c_char,
    flags: i64,
    n_children: i64,
    children: *mut *mut ArrowSchema,
    dictionary: *mut ArrowSchema,
    release: Option<unsafe extern "C" fn(*mut ArrowSchema)>,
    private_data: *mut c_void,
}

/// `struct ArrowArray`.
#[repr(C)]
pub(super) struct ArrowArray {
    length: i64,
    null_count: i64,
    offset: i64,
    n_buffers: i64,
    n_children: i64,
    buffers: *mut *const c_void,
    children: *mut *mut ArrowArray,
    dictionary: *mut ArrowArray,
    release: Option<unsafe extern "C" fn(*mut ArrowArray)>,
    private_data: *mut c_void,
}

/// `struct ArrowArrayStream`.
#[repr(C)]
pub(super) struct ArrowArrayStream {
    get_schema: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut ArrowSchema) -> c_int>,
    get_next: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut ArrowArray) -> c_int>,
    get_last_error: Option<unsafe extern "C" fn(*mut ArrowArrayStream) -> *const c_char>,
    release: Option<unsafe extern "C" fn(*mut ArrowArrayStream)>,
    private_data: *mut c_void,
}

// SAFETY: the stream owns everything behind its pointers, and the interface lets a consumer move it to another thread.
unsafe impl Send for ArrowArrayStream {}

/// A node of a schema: a format string of the interface, a name, whether values may be missing, and children.
pub(super) struct Type {
    pub(super) format: &'static str,
    pub(super) name: String,
    pub(super) nullable: bool,
    pub(super) children: Vec<Type>,
}

/// A node of a column: buffers in the layout's order (an absent validity bitmap is `None`) and children.
pub(super) struct Data {
    pub(super) length: usize,
    pub(super) nulls: usize,
    pub(super) buffers: Vec<Option<Buffer>>,
    pub(super) children: Vec<Data>,
}

/// Bytes whose start is aligned to 8, as the layout asks for.
pub(super) struct Buffer(Vec<u64>);

impl Buffer {
    /// Copies little-endian bytes; an empty buffer still has an address.
    pub(super) fn new(bytes: &[u8]) -> Self {
        let mut words: Vec<u64> = bytes
            .chunks(8)
            .map(|chunk| {
                let mut word = [0; 8];
                word[..chunk.len()].copy_from_slice(chunk);
                u64::from_ne_bytes(word)
            })
            .collect();
        if words.is_empty() {
            words.push(0);
        }
        Self(words)
    }
}

/// What an exported schema owns: strings, child structs, the array of pointers to them.
struct SchemaOwner {
    _format: CString,
    _name: CString,
    children: Vec<*mut ArrowSchema>,
}

/// What an exported array owns.
struct ArrayOwner {
    _buffers: Vec<Option<Buffer>>,
    pointers: Vec<*const c_void>,
    children: Vec<*mut ArrowArray>,
}

/// What an exported stream owns: its schema and the one batch, until it is taken.
struct StreamOwner {
    schema: Type,
    batch: Option<Data>,
}

impl Type {
    fn export(&self) -> ArrowSchema {
        // NUL cannot stand in a name that the schema check let pass; an empty name is the harmless answer all the same.
        let format = CString::new(self.format).unwrap_or_default();
        let name = CString::new(self.name.as_str()).unwrap_or_default();
        let children = self.children.iter().map(|child| Box::into_raw(Box::new(child.export()))).collect();
        let mut owner = Box::new(SchemaOwner { _format: format, _name: name, children });
        ArrowSchema {
            format: owner._format.as_ptr(),
            name: owner._name.as_ptr(),
            metadata: ptr::null(),
            flags: if self.nullable { 2 } else { 0 }, // ARROW_FLAG_NULLABLE
            n_children: owner.children.len() as i64,
            children: owner.children.as_mut_ptr(),
            dictionary: ptr::null_mut(),
            release: Some(release_schema),
            private_data: Box::into_raw(owner).cast(),
        }
    }
}

impl Data {
    fn export(self) -> ArrowArray {
        let pointers = self.buffers.iter().map(|b| b.as_ref().map_or(ptr::null(), |b| b.0.as_ptr().cast())).collect();
        let children = self.children.into_iter().map(|child| Box::into_raw(Box::new(child.export()))).collect();
        let mut owner = Box::new(ArrayOwner { _buffers: self.buffers, pointers, children });
        ArrowArray {
            length: self.length as i64,
            null_count: self.nulls as i64,
            offset: 0,
            n_buffers: owner.pointers.len() as i64,
            n_children: owner.children.len() as i64,
            buffers: owner.pointers.as_mut_ptr(),
            children: owner.children.as_mut_ptr(),
            dictionary: ptr::null_mut(),
            release: Some(release_array),
            private_data: Box::into_raw(owner).cast(),
        }
    }
}

impl ArrowArrayStream {
    /// A stream of one batch.
    pub(super) fn new(schema: Type, batch: Data) -> Self {
        let owner = Box::new(StreamOwner { schema, batch: Some(batch) });
        Self {
            get_schema: Some(get_schema),
            get_next: Some(get_next),
            get_last_error: Some(get_last_error),
            release: Some(release_stream),
            private_data: Box::into_raw(owner).cast(),
        }
    }
}

impl Drop for ArrowArrayStream {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: `self` is a live stream that this file made and nobody has released.
            unsafe { release(self) }
        }
    }
}

unsafe extern "C" fn release_schema(schema: *mut ArrowSchema) {
    // SAFETY: the consumer calls this once with a struct that `Type::export` filled; both boxes below come from there.
    unsafe {
        let owner = Box::from_raw((*schema).private_data.cast::<SchemaOwner>());
        for &child in &owner.children {
            // A child that the consumer moved out has no release left; its struct is ours all the same.
            if let Some(release) = (*child).release {
                release(child);
            }
            drop(Box::from_raw(child));
        }
        (*schema).release = None;
    }
}

unsafe extern "C" fn release_array(array: *mut ArrowArray) {
    // SAFETY: as above, with `Data::export`.
    unsafe {
        let owner = Box::from_raw((*array).private_data.cast::<ArrayOwner>());
        for &child in &owner.children {
            if let Some(release) = (*child).release {
                release(child);
            }
            drop(Box::from_raw(child));
        }
        (*array).release = None;
    }
}

unsafe extern "C" fn release_stream(stream: *mut ArrowArrayStream) {
    // SAFETY: called once with a struct that `ArrowArrayStream::new` filled.
    unsafe {
        drop(Box::from_raw((*stream).private_data.cast::<StreamOwner>()));
        (*stream).release = None;
    }
}

unsafe extern "C" fn get_schema(stream: *mut ArrowArrayStream, out: *mut ArrowSchema) -> c_int {
    // SAFETY: `stream` is live and used by one thread at a time (the interface's rule); `out` is the consumer's room for one struct,
    // not yet initialised, so it is written without dropping what stood there.
    unsafe {
        let owner = &*(*stream).private_data.cast::<StreamOwner>();
        out.write(owner.schema.export());
    }
    0
}

unsafe extern "C" fn get_next(stream: *mut ArrowArrayStream, out: *mut ArrowArray) -> c_int {
    // SAFETY: as above. The end of the stream is a struct whose release is null.
    unsafe {
        let owner = &mut *(*stream).private_data.cast::<StreamOwner>();
        out.write(owner.batch.take().map_or_else(ended, Data::export));
    }
    0
}

unsafe extern "C" fn get_last_error(_stream: *mut ArrowArrayStream) -> *const c_char {
    ptr::null() // no call fails
}

fn ended() -> ArrowArray {
    ArrowArray {
        length: 0,
        null_count: 0,
        offset: 0,
        n_buffers: 0,
        n_children: 0,
        buffers: ptr::null_mut(),
        children: ptr::null_mut(),
        dictionary: ptr::null_mut(),
        release: None,
        private_data: ptr::null_mut(),
    }
}
