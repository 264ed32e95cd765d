/** What of a module is known before anything of it runs: that it is valid, asks for nothing but what is offered, and is bounded. */
import { type CompiledModule, engine } from './engine.ts';
import { ModuleEnded } from './faults.ts';
import { MODULE_LIMITS, type ModuleAllowance } from './limits.ts';
import { moduleShape } from './shape.ts';

/** Offered under the module name `shugu`. */
export const MODULE_FUNCTIONS = ['read', 'write', 'values'] as const;

const PAGE_BYTES = 65_536;

const compiled = (bytes: Uint8Array): CompiledModule => {
  if (bytes.length > MODULE_LIMITS.moduleBytes) throw new ModuleEnded('tooLarge');
  try {
    return new engine.Module(bytes);
  } catch {
    throw new ModuleEnded('invalid');
  }
};

/** Compiles it, so foreign bytes belong into the sandbox for this as well. @throws ModuleEnded */
export function inspectModule(bytes: Uint8Array, { memoryMB }: Pick<ModuleAllowance, 'memoryMB'>): CompiledModule {
  const module = compiled(bytes);
  const offered: readonly string[] = MODULE_FUNCTIONS;
  for (const { module: from, name, kind } of engine.Module.imports(module))
    if (from !== 'shugu' || kind !== 'function' || !offered.includes(name))
      throw new ModuleEnded('importUnknown', `${from}.${name}`.slice(0, 200));
  const exported = new Map(engine.Module.exports(module).map(({ name, kind }) => [name, kind]));
  if (exported.get('memory') !== 'memory' || exported.get('run') !== 'function') throw new ModuleEnded('exportMissing');
  const shape = moduleShape(bytes);
  const [memory, ...more] = shape?.memories ?? [];
  if (memory?.most === undefined || more.length > 0) throw new ModuleEnded('memoryUnbounded');
  if (memory.most * PAGE_BYTES > memoryMB * 2 ** 20) throw new ModuleEnded('memoryTooLarge');
  const entries = shape!.tables.reduce((sum, { most = Number.POSITIVE_INFINITY }) => sum + most, 0);
  if (entries > MODULE_LIMITS.tableEntries) throw new ModuleEnded('tableUnbounded');
  return module;
}
