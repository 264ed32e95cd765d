import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';

export interface DuckOptions {
  /** The only folders whose files may be read or written; everything else of the disk is closed. */
  folders: string[];
  /** Single files that may be read besides. */
  files?: string[];
  /** Where it may spill what memory does not hold; one of the folders, or below one. */
  spillFolder: string;
  memoryLimitMB: number;
  threads: number;
}

/**
 * An embedded analytical database for one child process (never for the server itself: its memory is not the heap's).
 * Extensions are neither loaded nor fetched, external access is off but for the named folders, and the settings are locked,
 * so that no SQL can undo this.
 */
export async function openDuck(options: DuckOptions): Promise<DuckDBConnection> {
  const [connection] = await openDucks(options, 1);
  return connection as DuckDBConnection;
}

/**
 * Several connections to one such database. Whoever writes while a streamed result is read needs two: another statement on
 * the same connection, also an appender's flush, ends the stream without an error.
 */
export async function openDucks(options: DuckOptions, count: number): Promise<DuckDBConnection[]> {
  const spill = join(options.spillFolder, 'spill');
  mkdirSync(spill, { recursive: true });
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: `${options.memoryLimitMB}MB`,
    threads: String(options.threads),
    temp_directory: spill,
    max_temp_directory_size: '20GB',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connections: DuckDBConnection[] = [];
  for (let made = 0; made < count; made++) connections.push(await instance.connect());
  const connection = connections[0] as DuckDBConnection;
  // A folder matches as a prefix: without the last slash '/a/b' would open '/a/bc' too.
  const folders = options.folders.map((folder) => sqlText(folder.endsWith('/') ? folder : `${folder}/`));
  for (const one of connections) await one.run(`SET TimeZone='UTC'`);
  await connection.run(`SET allowed_directories=[${folders.join(', ')}]`);
  await connection.run(`SET allowed_paths=[${(options.files ?? []).map(sqlText).join(', ')}]`);
  await connection.run('SET enable_external_access=false');
  await connection.run('SET lock_configuration=true');
  return connections;
}

/** A text literal. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A quoted column or table name. */
export function sqlName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
