#include "bytecode_driver.hpp"

namespace mlbuild {

// Imports nothing that the interpreter has not loaded by itself: what else is loaded shows in what marshal writes, and
// takes longer. For the same reason the filter of warnings is set without the module `warnings`. Objects of the
// compiler have no cycles, so collecting them costs a tenth of the time for nothing. Compiles as py_compile does.
std::string_view bytecode_driver() {
  return R"python(import gc, sys, _imp, _warnings
import _frozen_importlib_external as external

gc.disable()
_warnings.filters[:] = [("ignore", None, Warning, None, 0)]
_warnings._filters_mutated()


def take(file):
    size = file.read(4)
    return file.read(int.from_bytes(size, "little")) if size else None


def put(file, record):
    file.write(len(record).to_bytes(4, "little") + record)


def compiled(path, source):
    try:
        code = compile(source, path, "exec", dont_inherit=True, optimize=0)
        source_hash = _imp.source_hash(external._RAW_MAGIC_NUMBER, source)
        return external._code_to_hash_pyc(code, source_hash, False)
    except Exception:
        return b""


def compile_batch(sources, out):
    put(out, external.MAGIC_NUMBER)
    while (path := take(sources)) is not None:
        put(out, compiled(path.decode(), take(sources)))


given, made = sys.argv[1:]
with open(given + "/requests", "rb", 0) as requests, open(made + "/answers", "wb", 0) as answers:
    while requests.read(1) == b"b":
        with open(given + "/sources", "rb") as sources, open(made + "/compiled", "wb", 0) as out:
            compile_batch(sources, out)
        answers.write(b"b")
)python";
}

}  // namespace mlbuild
