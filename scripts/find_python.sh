#!/bin/sh
# Prints the first Python 3.11-3.13 on PATH that really runs and can make a virtual environment; else says what to do.
# Every candidate is executed: pyenv leaves names on PATH that fail when they are called.
set -u
old=""
no_venv=""
for name in ${SHUYUAN_PYTHON:-python3 python3.13 python3.12 python3.11}; do
    path=$(command -v "$name" 2>/dev/null) || continue
    version=$("$path" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
    case "$version" in
        3.11 | 3.12 | 3.13)
            if "$path" -c 'import ensurepip, venv' 2>/dev/null; then
                echo "$path"
                exit 0
            fi
            no_venv="$path ($version)"
            ;;
        *) old="$old $path ($version)" ;;
    esac
done

if [ -n "$no_venv" ]; then
    echo "shuyuan: $no_venv cannot make virtual environments: its venv or ensurepip module is missing." >&2
    echo "  Way out (Debian, Ubuntu): apt-get install python3-venv" >&2
elif [ -n "$old" ]; then
    echo "shuyuan: Python 3.11, 3.12 or 3.13 is needed; found only:$old." >&2
    echo "  Way out: install one of them (Debian 12: apt-get install python3 python3-venv; elsewhere python.org or pyenv)," >&2
    echo "  or name one that is not on PATH: make SHUYUAN_PYTHON=/path/to/python3.12 demo" >&2
else
    echo "shuyuan: no Python that runs was found on PATH; Python 3.11, 3.12 or 3.13 is needed." >&2
    echo "  Way out (Debian, Ubuntu): apt-get install python3 python3-venv" >&2
    echo "  or name one that is not on PATH: make SHUYUAN_PYTHON=/path/to/python3.12 demo" >&2
fi
exit 1
