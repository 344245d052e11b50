//! The child is this test binary again: its filter picks [`child_entry`], its last two arguments are the child's.

use super::*;
use crate::check::fixture::{Fixture, component, plain};
use crate::manifest::Kind;

/// A compiler whose child is this test binary.
pub(crate) fn compiler(limits: CompileLimits) -> Compiler {
    let arguments = ["compile::tests::child_entry", "--exact", "--nocapture", "--test-threads=1"].map(OsString::from);
    Compiler { program: std::env::current_exe().unwrap(), arguments: arguments.into(), limits }
}

#[test]
fn child_entry() {
    let arguments: Vec<String> = std::env::args().collect();
    let [.., output, limits] = arguments.as_slice() else { return };
    if !output.contains("compile-") {
        return;
    }
    let code = compile_stdin(Path::new(output), limits).map_or_else(
        |(code, message)| {
            eprintln!("{message}");
            code
        },
        |()| 0,
    );
    std::process::exit(code.into());
}

fn compile(bytes: &[u8], limits: CompileLimits) -> Result<Vec<u8>, CompileError> {
    let folder = tempfile::tempdir().unwrap();
    let result = compiler(limits).compile(bytes, folder.path());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing stays in the folder");
    result
}

/// A component with one function so long that compiling it takes seconds.
fn long() -> Vec<u8> {
    let body = "local.get 0 i32.popcnt local.get 0 i32.mul i32.const 7 i32.rotl local.set 0 ".repeat(60_000);
    let core = format!("(func (export \"work\") (param i32) (result i32) {body} local.get 0)");
    component(Kind::Persona, &Fixture { core, ..Fixture::default() })
}

#[test]
fn a_component_compiles_and_twice_alike() {
    let bytes = plain(Kind::XpRules);
    let artifact = compile(&bytes, CompileLimits::default()).unwrap();
    assert!(artifact.starts_with(b"\x7fELF"));
    assert_eq!(compile(&bytes, CompileLimits::default()).unwrap(), artifact);
}

#[test]
fn a_folder_may_be_named_relative_to_where_the_host_runs() {
    let folder = tempfile::tempdir().unwrap();
    let up: PathBuf = std::env::current_dir().unwrap().components().skip(1).map(|_| "..").collect();
    let relative = up.join(folder.path().strip_prefix("/").unwrap());
    assert!(relative.is_relative());
    compiler(CompileLimits::default()).compile(&plain(Kind::XpRules), &relative).unwrap();
}

#[test]
fn bytes_that_wasmtime_refuses_are_a_typed_error() {
    let error = compile(b"\0asm\x0d\0\x01\0\xff\xff", CompileLimits::default()).unwrap_err();
    assert!(matches!(error, CompileError::Refused(_)), "{error:?}");
    let refused = Refused::from(error);
    assert_eq!(refused.reasons[0].code, "compile");
}

#[test]
fn a_compilation_is_killed_at_its_wall_time() {
    let limits = CompileLimits { wall: Duration::from_millis(50), ..CompileLimits::default() };
    assert_eq!(compile(&long(), limits), Err(CompileError::TimedOut));
}

#[test]
fn a_compilation_ends_at_its_cpu_time() {
    let limits = CompileLimits { cpu_seconds: 0, ..CompileLimits::default() };
    let error = compile(&long(), limits).unwrap_err();
    // The kernel sends SIGXCPU at the soft limit and SIGKILL at the hard one; both are one here.
    assert!(matches!(error, CompileError::TimedOut | CompileError::Crashed(_)), "{error:?}");
}

#[test]
fn a_compilation_fails_alone_when_it_wants_too_much_memory() {
    let limits = CompileLimits { address_space: 200 << 20, ..CompileLimits::default() };
    let error = compile(&long(), limits).unwrap_err();
    assert!(matches!(error, CompileError::OutOfMemory | CompileError::Crashed(_)), "{error:?}");
}

#[test]
fn an_artefact_larger_than_it_may_be_is_refused() {
    let limits = CompileLimits { artifact_bytes: 1024, ..CompileLimits::default() };
    let error = compile(&plain(Kind::XpRules), limits).unwrap_err();
    assert!(matches!(error, CompileError::OutOfMemory), "{error:?}");
}

#[test]
fn a_missing_binary_is_the_hosts_fault_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let error = Compiler::new(PathBuf::from("/nonexistent/mnemosyne")).compile(b"x", folder.path()).unwrap_err();
    assert!(matches!(&error, CompileError::Unavailable(message) if message.contains("/nonexistent/mnemosyne")), "{error:?}");
    let error = compiler(CompileLimits::default()).compile(b"x", Path::new("/nonexistent")).unwrap_err();
    assert!(matches!(error, CompileError::Unavailable(_)), "{error:?}");
}

#[test]
fn a_child_that_neither_reads_nor_ends_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let limits = CompileLimits { wall: Duration::from_millis(100), ..CompileLimits::default() };
    let compiler = Compiler { program: "/bin/sh".into(), arguments: ["-c", "exec sleep 60"].map(OsString::from).into(), limits };
    assert_eq!(compiler.compile(&vec![0; 1 << 20], folder.path()), Err(CompileError::TimedOut));
}

#[test]
fn the_child_sees_nothing_of_the_hosts_environment() {
    let folder = tempfile::tempdir().unwrap();
    let script = "env >&2; exit 3";
    let compiler =
        Compiler { program: "/bin/sh".into(), arguments: ["-c", script].map(OsString::from).into(), limits: CompileLimits::default() };
    let Err(CompileError::Refused(message)) = compiler.compile(b"", folder.path()) else { panic!("refused") };
    assert!(!message.contains("CARGO") && !message.contains("HOME"), "{message}");
}
