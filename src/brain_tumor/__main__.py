"""`python -m brain_tumor`, the same as `brain-tumor`."""

from brain_tumor.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
