/** The part of the engine's JavaScript interface (WebAssembly JavaScript Interface 2.0) that is used here: Node's types have none of it. */
export interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
/** Opaque. */
export type CompiledModule = object;
export interface Named {
  name: string;
  kind: 'function' | 'table' | 'memory' | 'global' | 'tag';
}

interface Engine {
  Module: {
    new (bytes: Uint8Array): CompiledModule;
    imports(module: CompiledModule): (Named & { module: string })[];
    exports(module: CompiledModule): Named[];
  };
  Instance: new (
    module: CompiledModule,
    imports: Record<string, Record<string, (...given: unknown[]) => unknown>>,
  ) => { exports: Record<string, unknown> };
  Memory: new (limits: { initial: number; maximum: number }) => Memory;
}
export const engine = (globalThis as unknown as { WebAssembly: Engine }).WebAssembly;
