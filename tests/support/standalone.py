"""Import contract for a package that must share no code with the rest: an independent verifier.

import-linter's own kinds need every foreign module named; this one allows nothing of ours but the package
itself, so that a module added tomorrow is forbidden too. It reads the import graph only; what a program loads
by name at run time is outside its sight.
"""

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output
from importlinter.domain.imports import Module


class StandaloneContract(Contract):
    """Kept when no module of `package` imports one of ours outside it, nor a library listed in `never`."""

    type_name = "standalone"

    package = fields.ModuleField()
    never = fields.SetField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002
        """Collect each forbidden import with its line."""
        package: Module = self.package  # type: ignore[assignment]  # a field turns into its value
        ours = {name for name in graph.modules if "." not in name and not graph.is_module_squashed(name)}
        found = []
        for importer in sorted(members(graph, package.name)):
            for imported in sorted(graph.find_modules_directly_imported_by(importer)):
                root = imported.partition(".")[0]
                foreign = root in ours and not belongs(imported, package.name)
                if foreign or root in self.never:  # type: ignore[operator]  # same
                    found += graph.get_import_details(importer=importer, imported=imported)
        return ContractCheck(kept=not found, metadata={"found": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print one line for each import that breaks the contract."""
        for detail in check.metadata["found"]:
            output.print_error(
                f"{detail['importer']} line {detail['line_number']}: {detail['line_contents']}"
            )


def members(graph: ImportGraph, package: str) -> set[str]:
    """Give the package and all below it. Raises ValueError when there is none: no contract on nothing."""
    if package not in graph.modules:
        raise ValueError(f"There is no package {package}.")
    return {package, *graph.find_descendants(package)}


def belongs(module: str, package: str) -> bool:
    """Tell whether a module is the package or below it."""
    return module == package or module.startswith(package + ".")
