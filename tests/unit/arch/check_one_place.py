# SPDX-License-Identifier: LGPL-2.1-or-later
"""No mask, shift, bit or address of an architecture stands outside of src/arch."""
import pathlib
import re
import sys

PATTERNS = {
    "a bit of an entry": r"\b(?:_PAGE|PTE|PMD|X86_PTE|ENTRY)_(?:PRESENT|RW|WRITABLE|USER|ACCESSED|DIRTY|HUGE|PSE|PROT_?NONE|"
                         r"SPECIAL|NX|NO_EXEC|ADDRESS|PA_MASK|PFN_MASK)\b",
    "the address in an entry": r"0x0*f{10,13}000(?:u?ll)?\b",
    "an address of the kernel's half": r"0xff[0-9a-f]{4,14}0000000(?:u?ll)?\b",
    "a shift of a level": r"(?:<<|>>)\s*(?:39|48)\b",
    "the name of an architecture": r"str(?:n?)cmp\([^;]*\"(?:x86_64|i386|i686|aarch64|arm64)\"",
}
# What looks like one and is none, or is another file's to say: each with its reason.
ALLOWED = {
    ("src/dump", "the name of an architecture"): "what the headers of dumps call it",
    ("src/types", "the name of an architecture"): "what ELF calls it",
    ("src/log", "the name of an architecture"): "what packages of distributions call it",
    ("src/kernel/memmap_sections.c", "the name of an architecture"): "sections before VMCOREINFO told their size",
    ("src/base/name_index.c", "an address of the kernel's half"): "the upper half of a hash",
}


def main():
    root = pathlib.Path(sys.argv[1])
    n_files = n_wrong = 0
    for folder in ("src", "plugins", "include"):
        for path in sorted((root / folder).rglob("*.[ch]")):
            name = path.relative_to(root).as_posix()
            if name.startswith("src/arch/"):
                continue
            n_files += 1
            for number, line in enumerate(path.read_text().splitlines(), 1):
                code = re.sub(r"/\*.*?\*/|^\s*\*.*|//.*|\"[^\"]*%[^\"]*\"", "", line)
                for what, pattern in PATTERNS.items():
                    if not re.search(pattern, code):
                        continue
                    if any(name.startswith(place) and what == kind for place, kind in ALLOWED):
                        continue
                    print(f"{name}:{number}: {what}: {line.strip()}")
                    n_wrong += 1
    print(f"{n_files} files, {n_wrong} places")
    sys.exit(1 if n_wrong or n_files < 100 else 0)


main()
