import type { DriverConfig } from './driver.ts';
import { filePath, type ShareManifest } from './share/manifest.ts';
import { storePath } from './stores.ts';

/** Every file that a line may read, by its path at the exchange. `manifestOf` gives null for one that cannot be read now. */
export function contentsOf(
  config: DriverConfig,
  storesFolder: string,
  manifestOf: (path: string) => ShareManifest | null,
): string[] {
  switch (config.kind) {
    case 'api':
      return [storePath(storesFolder, config.table)];
    case 'file':
      return (config.files ?? []).map(({ path }) => path);
    case 'query':
      return config.tables.map(({ path }) => path);
    case 'share':
      return config.manifest === null ? [] : [config.manifest, ...sharedFiles(config.manifest, manifestOf)];
    case 'proxy':
      return [];
  }
}

function sharedFiles(path: string, manifestOf: (path: string) => ShareManifest | null): string[] {
  const tables = manifestOf(path)?.tables ?? [];
  return tables.flatMap(({ files }) => Object.values(files).map((file) => filePath(path, file)));
}
