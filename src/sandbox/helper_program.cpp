// The helper as a program of its own: linked statically and without what only the rest of mlbuild needs, it starts ten
// times faster than mlbuild itself, which has fifty libraries. Where it is not installed, mlbuild starts itself.
#include "mlbuild/sandbox/sandbox.hpp"

int main() { return mlbuild::sandbox_helper_main(); }
