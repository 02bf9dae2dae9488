/** The names that an entry exports, as TypeScript sees them: values and types. */

import { join } from 'node:path';
import ts from 'typescript-5';

const root = join(import.meta.dirname, '../..');

/** Of each of these files, in the alphabet's order. */
export function namesOf(declarations: readonly string[]): string[][] {
  const files = declarations.map((file) => join(root, file));
  const options = { module: ts.ModuleKind.NodeNext, skipLibCheck: true, noEmit: true };
  const program = ts.createProgram(files, options);
  const checker = program.getTypeChecker();
  return files.map((file) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(file)!)!;
    return checker
      .getExportsOfModule(module)
      .map(({ name }) => name)
      .sort();
  });
}
