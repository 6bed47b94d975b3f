//! Programs that are never unwound, and so need no unwinder.
//!
//! What a panic needs besides its message is a lot for a program of which a thousand copies may run:
//! an unwinder (a library of its own, `libgcc_s`), and for the trace of its calls, which
//! says nothing once a program is stripped, a reader of debugging information: a tenth of such a
//! program, and 8 KiB of every process.

/// To be called once, in `main.rs`, by a program that catches no panic: one then ends by `SIGABRT`
/// as soon as its message is written, and nothing is unwound. For all of `RUST_BACKTRACE` there is no
/// trace of calls.
///
/// # Why this is sound
///
/// The standard library raises a panic by `_Unwind_RaiseException`, which may say that there is no
/// way up ([`END_OF_STACK`]), and aborts then. The others are called by someone who unwinds, of whom
/// there is none: they abort. All are hidden, so that a library that this process loads (a module
/// of the name service may be written in C++) has its own unwinder, and never meets these.
#[macro_export]
macro_rules! never_unwound {
    () => {
        #[expect(non_snake_case, reason = "names that are given")]
        mod never_unwound {
            $crate::never_unwound! {
                says
                _Unwind_Backtrace _Unwind_RaiseException
            }
            $crate::never_unwound! {
                aborts
                _Unwind_DeleteException _Unwind_FindEnclosingFunction _Unwind_GetCFA
                _Unwind_GetDataRelBase _Unwind_GetIP _Unwind_GetIPInfo
                _Unwind_GetLanguageSpecificData _Unwind_GetRegionStart _Unwind_GetTextRelBase
                _Unwind_Resume _Unwind_SetGR _Unwind_SetIP
            }
        }
    };
    (says $($name:ident)*) => {$(
        ::core::arch::global_asm!(concat!(".hidden ", stringify!($name)));

        #[unsafe(no_mangle)]
        extern "C" fn $name() -> ::core::ffi::c_int {
            $crate::unwinding::END_OF_STACK
        }
    )*};
    (aborts $($name:ident)*) => {$(
        ::core::arch::global_asm!(concat!(".hidden ", stringify!($name)));

        #[unsafe(no_mangle)]
        extern "C" fn $name() -> ! {
            ::std::process::abort()
        }
    )*};
}

/// `_URC_END_OF_STACK` of the unwinder's interface (Itanium C++ ABI: Exception Handling, 1.2.1):
/// nobody further up takes it.
pub const END_OF_STACK: i32 = 5;
