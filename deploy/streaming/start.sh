#!/bin/sh
# Lambda starts this with the interpreter's path and its own runtime's arguments (aws.md, 1.1); the loop takes that runtime's place.
# -I -S: nothing but the standard library and this function's own code can be imported, and no time goes into looking for more.
# Through `import`, because that takes the compiled file where there is one; -u, as in the stock runtime, so that no line waits.
exec "$1" -I -S -u -c 'import sys; sys.path.insert(0, sys.argv[1]); import streaming_loop; streaming_loop.main()' "$LAMBDA_TASK_ROOT"
