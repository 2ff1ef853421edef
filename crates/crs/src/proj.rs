//! The part of PROJ's C interface that is used, made safe. All `unsafe` code of this crate stands here.
//!
//! A PROJ context and what is made with it belong to one thread: [`Object`] is neither `Send` nor `Sync`,
//! and it keeps its context alive.
#![allow(unsafe_code)]

use std::cell::{OnceCell, RefCell};
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::{self, NonNull};
use std::rc::Rc;

use proj_sys as sys;

// Linked by name so that every build takes the bundled SQLite (see the workspace's Cargo.toml).
use libsqlite3_sys as _;

use crate::{Error, Result};

/// The name by which PROJ knows the database that is linked into it.
const EMBEDDED_DATABASE: &CStr = c"__embedded_proj_db__";

/// Where PROJ may look for files: a folder that cannot exist.
const NO_FOLDER: &CStr = c"/dev/null/no-proj-data";

/// The confidence, in percent, from which PROJ's identification is taken: same parameters, other names.
const IDENTIFIED: c_int = 90;

struct Context {
    pointer: NonNull<sys::PJ_CONTEXT>,
    /// The last message that PROJ logged; its address is known to PROJ.
    message: Box<RefCell<String>>,
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: the pointer came from proj_context_create and every object made with it holds an Rc to
        // this context, so none is left.
        unsafe { sys::proj_context_destroy(self.pointer.as_ptr()) };
    }
}

thread_local! {
    static CONTEXT: OnceCell<Rc<Context>> = const { OnceCell::new() };
}

fn context() -> Result<Rc<Context>> {
    CONTEXT.with(|cell| {
        if let Some(context) = cell.get() {
            return Ok(Rc::clone(context));
        }
        let context = Rc::new(Context::new()?);
        Ok(Rc::clone(cell.get_or_init(|| context)))
    })
}

unsafe extern "C" fn keep_message(data: *mut c_void, _level: c_int, message: *const c_char) {
    if data.is_null() || message.is_null() {
        return;
    }
    // SAFETY: `data` is the context's boxed cell, alive as long as the context; PROJ calls back only on the
    // thread that called it. `message` is a C string for the time of the call.
    let (cell, message) = unsafe { (&*data.cast::<RefCell<String>>(), CStr::from_ptr(message)) };
    if let Ok(mut kept) = cell.try_borrow_mut() {
        *kept = message.to_string_lossy().into_owned();
    }
}

impl Context {
    fn new() -> Result<Self> {
        let message = Box::new(RefCell::new(String::new()));
        // SAFETY: creates a context; null means that it failed.
        let pointer = unsafe { sys::proj_context_create() };
        let pointer = NonNull::new(pointer).ok_or_else(|| Error::Proj("out of memory".into()))?;
        let context = Self { pointer, message };
        let raw = pointer.as_ptr();
        let paths = [NO_FOLDER.as_ptr()];
        // SAFETY: `raw` is a live context; the strings and the array outlive the calls, which copy them; the
        // cell outlives the context.
        let opened = unsafe {
            let cell: *const RefCell<String> = &raw const *context.message;
            sys::proj_log_func(raw, cell.cast_mut().cast(), Some(keep_message));
            sys::proj_log_level(raw, sys::PJ_LOG_LEVEL_PJ_LOG_ERROR);
            sys::proj_context_set_enable_network(raw, 0);
            sys::proj_context_set_search_paths(raw, 1, paths.as_ptr());
            sys::proj_context_set_database_path(
                raw,
                EMBEDDED_DATABASE.as_ptr(),
                ptr::null(),
                ptr::null(),
            )
        };
        if opened == 0 {
            let reason =
                format!("its database is not part of this program ({})", context.take_message());
            return Err(Error::Proj(reason));
        }
        Ok(context)
    }

    fn raw(&self) -> *mut sys::PJ_CONTEXT {
        self.pointer.as_ptr()
    }

    /// Returns what PROJ said last, without the name of the C function that said it.
    fn take_message(&self) -> String {
        let message = self.message.take();
        let plain = message.split_once(": ").filter(|(function, _)| !function.contains(' '));
        let message = plain.map_or(message.as_str(), |(_, rest)| rest).trim().to_owned();
        if message.is_empty() { "no reason given".into() } else { message }
    }
}

/// One axis of a coordinate system.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Axis {
    /// "north", "east", "up", ...
    pub(crate) direction: String,
    /// Metres, or radians, of one unit.
    pub(crate) factor: f64,
}

/// What kind of PROJ object it is, as far as that matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Geographic2d,
    Geographic3d,
    Projected,
    Compound,
    Bound,
    Vertical,
    OtherCrs,
    NoCrs,
}

/// A PROJ object: a coordinate system or an operation.
pub(crate) struct Object {
    pointer: NonNull<sys::PJ>,
    context: Rc<Context>,
}

impl Drop for Object {
    fn drop(&mut self) {
        // SAFETY: the pointer is owned by this object and its context is alive.
        unsafe { sys::proj_destroy(self.pointer.as_ptr()) };
    }
}

/// Creates a coordinate system or operation from PROJ's own syntaxes: AUTH:CODE, WKT, PROJJSON, PROJ string.
pub(crate) fn create(definition: &str) -> std::result::Result<Object, String> {
    let context = context().map_err(|error| error.to_string())?;
    let definition = CString::new(definition).map_err(|_| "it contains a zero byte".to_owned())?;
    // SAFETY: both pointers are valid for the call.
    let pointer = unsafe { sys::proj_create(context.raw(), definition.as_ptr()) };
    Object::new(pointer, &context)
}

/// Finds a coordinate system by its exact name in the database.
pub(crate) fn create_from_name(name: &str) -> Option<Object> {
    let context = context().ok()?;
    let name = CString::new(name).ok()?;
    let types = [sys::PJ_TYPE_PJ_TYPE_CRS];
    // SAFETY: the name and the types outlive the call; null authority means any. The list is destroyed here
    // and its objects are owned copies.
    unsafe {
        let list = sys::proj_create_from_name(
            context.raw(),
            ptr::null(),
            name.as_ptr(),
            types.as_ptr(),
            types.len(),
            0,
            1,
            ptr::null(),
        );
        if list.is_null() {
            return None;
        }
        let found = sys::proj_list_get(context.raw(), list, 0);
        sys::proj_list_destroy(list);
        Object::new(found, &context).ok()
    }
}

/// Creates the operation from one coordinate system to another, in easting-northing (lon-lat) order on both
/// sides, with the candidates and preferences that GDAL uses by default.
pub(crate) fn operation(
    from: &Object,
    to: &Object,
    allow_ballpark: bool,
) -> std::result::Result<Object, String> {
    let context = Rc::clone(&from.context);
    let no_ballpark = [c"ALLOW_BALLPARK=NO".as_ptr(), ptr::null()];
    let options = if allow_ballpark { ptr::null() } else { no_ballpark.as_ptr() };
    // SAFETY: the objects belong to this thread's one context; options end with null; a null area means
    // that none is preferred.
    unsafe {
        let pointer = sys::proj_create_crs_to_crs_from_pj(
            context.raw(),
            from.raw(),
            to.raw(),
            ptr::null_mut(),
            options,
        );
        let in_authority_order = Object::new(pointer, &context)?;
        let pointer =
            sys::proj_normalize_for_visualization(context.raw(), in_authority_order.raw());
        Object::new(pointer, &context)
    }
}

/// Which way to run an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Forward,
    Inverse,
}

impl Direction {
    fn raw(self) -> sys::PJ_DIRECTION {
        match self {
            Self::Forward => sys::PJ_DIRECTION_PJ_FWD,
            Self::Inverse => sys::PJ_DIRECTION_PJ_INV,
        }
    }
}

impl Object {
    fn new(pointer: *mut sys::PJ, context: &Rc<Context>) -> std::result::Result<Self, String> {
        match NonNull::new(pointer) {
            Some(pointer) => Ok(Self { pointer, context: Rc::clone(context) }),
            None => Err(context.take_message()),
        }
    }

    fn raw(&self) -> *mut sys::PJ {
        self.pointer.as_ptr()
    }

    fn derived(&self, pointer: *mut sys::PJ) -> Option<Self> {
        Self::new(pointer, &self.context).ok()
    }

    pub(crate) fn kind(&self) -> Kind {
        // SAFETY: the object is alive.
        match unsafe { sys::proj_get_type(self.raw()) } {
            sys::PJ_TYPE_PJ_TYPE_GEOGRAPHIC_2D_CRS => Kind::Geographic2d,
            sys::PJ_TYPE_PJ_TYPE_GEOGRAPHIC_3D_CRS => Kind::Geographic3d,
            sys::PJ_TYPE_PJ_TYPE_PROJECTED_CRS | sys::PJ_TYPE_PJ_TYPE_DERIVED_PROJECTED_CRS => {
                Kind::Projected
            }
            sys::PJ_TYPE_PJ_TYPE_COMPOUND_CRS => Kind::Compound,
            sys::PJ_TYPE_PJ_TYPE_BOUND_CRS => Kind::Bound,
            sys::PJ_TYPE_PJ_TYPE_VERTICAL_CRS => Kind::Vertical,
            // SAFETY: as above.
            _ if unsafe { sys::proj_is_crs(self.raw()) } != 0 => Kind::OtherCrs,
            _ => Kind::NoCrs,
        }
    }

    pub(crate) fn name(&self) -> String {
        // SAFETY: the string belongs to the object, which is alive.
        unsafe { text(sys::proj_get_name(self.raw())) }.unwrap_or_default()
    }

    /// Returns the identifier it was given or carries itself, as `EPSG:4548`.
    pub(crate) fn identifier(&self) -> Option<String> {
        // SAFETY: the strings belong to the object, which is alive.
        let (authority, code) = unsafe {
            (
                text(sys::proj_get_id_auth_name(self.raw(), 0))?,
                text(sys::proj_get_id_code(self.raw(), 0))?,
            )
        };
        Some(format!("{authority}:{code}"))
    }

    /// Finds the EPSG code of a coordinate system that does not carry one.
    pub(crate) fn identify(&self) -> Option<String> {
        // SAFETY: the list and the confidences are destroyed here; `confidence` points at as many numbers as
        // the list has objects, and only the first is read after the count is checked.
        unsafe {
            let mut confidence = ptr::null_mut();
            let list = sys::proj_identify(
                self.context.raw(),
                self.raw(),
                c"EPSG".as_ptr(),
                ptr::null(),
                &raw mut confidence,
            );
            if list.is_null() {
                return None;
            }
            let sure = sys::proj_list_get_count(list) > 0
                && !confidence.is_null()
                && *confidence >= IDENTIFIED;
            let best = if sure {
                self.derived(sys::proj_list_get(self.context.raw(), list, 0))
            } else {
                None
            };
            sys::proj_int_list_destroy(confidence);
            sys::proj_list_destroy(list);
            best?.identifier()
        }
    }

    /// Returns `[west, south, east, north]` in degrees and the name of the area of use.
    pub(crate) fn area(&self) -> Option<([f64; 4], String)> {
        let [mut west, mut south, mut east, mut north] = [0.0; 4];
        let mut name = ptr::null();
        // SAFETY: the out pointers are valid; the name belongs to the object.
        unsafe {
            let known = sys::proj_get_area_of_use(
                self.context.raw(),
                self.raw(),
                &raw mut west,
                &raw mut south,
                &raw mut east,
                &raw mut north,
                &raw mut name,
            );
            // PROJ writes -1000 for a bound that is not known.
            (known != 0 && west > -999.0)
                .then(|| ([west, south, east, north], text(name).unwrap_or_default()))
        }
    }

    pub(crate) fn axes(&self) -> Vec<Axis> {
        // SAFETY: the coordinate system is owned by `system`; the out pointers are valid and the direction
        // belongs to `system`; the other out parameters may be null.
        unsafe {
            let pointer = sys::proj_crs_get_coordinate_system(self.context.raw(), self.raw());
            let Some(system) = self.derived(pointer) else { return Vec::new() };
            let count = sys::proj_cs_get_axis_count(self.context.raw(), system.raw()).max(0);
            let mut axes = Vec::new();
            for index in 0..count {
                let (mut direction, mut factor) = (ptr::null(), 1.0);
                let known = sys::proj_cs_get_axis_info(
                    self.context.raw(),
                    system.raw(),
                    index,
                    ptr::null_mut(),
                    ptr::null_mut(),
                    &raw mut direction,
                    &raw mut factor,
                    ptr::null_mut(),
                    ptr::null_mut(),
                    ptr::null_mut(),
                );
                if known != 0 {
                    axes.push(Axis { direction: text(direction).unwrap_or_default(), factor });
                }
            }
            axes
        }
    }

    /// Returns the coordinate system that a bound one (`TOWGS84`) is made of.
    pub(crate) fn base(&self) -> Option<Self> {
        // SAFETY: the objects are alive; the result is owned.
        let pointer = unsafe { sys::proj_get_source_crs(self.context.raw(), self.raw()) };
        self.derived(pointer)
    }

    /// Returns the geographic system that it is built on, or itself.
    pub(crate) fn geodetic(&self) -> Option<Self> {
        // SAFETY: as in `base`.
        let pointer = unsafe { sys::proj_crs_get_geodetic_crs(self.context.raw(), self.raw()) };
        self.derived(pointer)
    }

    /// Returns a part of a compound coordinate system: 0 horizontal, 1 vertical.
    pub(crate) fn part(&self, index: c_int) -> Option<Self> {
        // SAFETY: as in `base`.
        let pointer = unsafe { sys::proj_crs_get_sub_crs(self.context.raw(), self.raw(), index) };
        self.derived(pointer)
    }

    /// Returns it without its height.
    pub(crate) fn flat(&self) -> Option<Self> {
        // SAFETY: as in `base`; a null name keeps the name.
        let pointer =
            unsafe { sys::proj_crs_demote_to_2D(self.context.raw(), ptr::null(), self.raw()) };
        self.derived(pointer)
    }

    /// Returns whether both mean the same, be their axes in another order.
    pub(crate) fn means(&self, other: &Self) -> bool {
        let (Some(own), Some(other)) = (self.easting_first(), other.easting_first()) else {
            return false;
        };
        let criterion = sys::PJ_COMPARISON_CRITERION_PJ_COMP_EQUIVALENT_EXCEPT_AXIS_ORDER_GEOGCRS;
        // SAFETY: both objects are alive and of this thread.
        unsafe {
            sys::proj_is_equivalent_to_with_ctx(
                self.context.raw(),
                own.raw(),
                other.raw(),
                criterion,
            ) != 0
        }
    }

    fn easting_first(&self) -> Option<Self> {
        // SAFETY: the object is alive; the result is owned.
        let pointer =
            unsafe { sys::proj_normalize_for_visualization(self.context.raw(), self.raw()) };
        self.derived(pointer)
    }

    pub(crate) fn wkt(&self) -> Option<String> {
        let options = [c"MULTILINE=NO".as_ptr(), ptr::null()];
        // SAFETY: options end with null; the string belongs to the object and is copied.
        unsafe {
            let kind = sys::PJ_WKT_TYPE_PJ_WKT2_2019;
            text(sys::proj_as_wkt(self.context.raw(), self.raw(), kind, options.as_ptr()))
        }
    }

    /// Transforms coordinates in place. What cannot be transformed becomes infinite; the reason of the last
    /// such one is returned.
    pub(crate) fn transform(
        &self,
        direction: Direction,
        coords: &mut [[f64; 2]],
    ) -> Option<String> {
        let stride = size_of::<[f64; 2]>();
        let first = coords.as_mut_ptr().cast::<f64>();
        // SAFETY: x and y each have `coords.len()` numbers, `stride` bytes apart, all inside the slice; z and
        // t are absent.
        unsafe {
            sys::proj_errno_reset(self.raw());
            sys::proj_trans_generic(
                self.raw(),
                direction.raw(),
                first,
                stride,
                coords.len(),
                first.wrapping_add(1),
                stride,
                coords.len(),
                ptr::null_mut(),
                0,
                0,
                ptr::null_mut(),
                0,
                0,
            );
        }
        self.last_error()
    }

    /// Transforms heights in place at the given coordinates, which stay. As [`Self::transform`].
    pub(crate) fn transform_heights(
        &self,
        direction: Direction,
        coords: &[[f64; 2]],
        heights: &mut [f64],
    ) -> Option<String> {
        let mut xyz: Vec<[f64; 3]> =
            coords.iter().zip(&*heights).map(|([x, y], z)| [*x, *y, *z]).collect();
        let stride = size_of::<[f64; 3]>();
        let first = xyz.as_mut_ptr().cast::<f64>();
        // SAFETY: x, y and z each have `xyz.len()` numbers, `stride` bytes apart, all inside the vector.
        unsafe {
            sys::proj_errno_reset(self.raw());
            sys::proj_trans_generic(
                self.raw(),
                direction.raw(),
                first,
                stride,
                xyz.len(),
                first.wrapping_add(1),
                stride,
                xyz.len(),
                first.wrapping_add(2),
                stride,
                xyz.len(),
                ptr::null_mut(),
                0,
                0,
            );
        }
        for (height, [_, _, z]) in heights.iter_mut().zip(xyz) {
            *height = z;
        }
        self.last_error()
    }

    fn last_error(&self) -> Option<String> {
        // SAFETY: the object is alive; the string is static or belongs to the context and is copied.
        unsafe {
            match sys::proj_errno(self.raw()) {
                0 => None,
                code => text(sys::proj_context_errno_string(self.context.raw(), code)),
            }
        }
    }

    /// Returns the name of the operation that was used last and whether it is an approximation that ignores
    /// the difference between two datums.
    pub(crate) fn used(&self) -> Option<(String, bool)> {
        // SAFETY: the object is alive; the result is owned.
        let pointer = unsafe { sys::proj_trans_get_last_used_operation(self.raw()) };
        let operation = self.derived(pointer)?;
        Some((operation.name(), operation.is_ballpark()))
    }

    pub(crate) fn is_ballpark(&self) -> bool {
        // SAFETY: the object is alive.
        unsafe {
            sys::proj_coordoperation_has_ballpark_transformation(self.context.raw(), self.raw())
                != 0
        }
    }
}

/// Copies a C string.
///
/// # Safety
/// `pointer` is null or a C string that lives during the call.
unsafe fn text(pointer: *const c_char) -> Option<String> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: as the caller promises.
    Some(unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned())
}
