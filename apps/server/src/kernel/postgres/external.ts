import pg from 'pg';
import { PostgresProblem } from './problem.ts';

/** Oldest PostgreSQL the SQL of this project is written for. */
export const postgresMajorMin = 15;

const connectTimeoutMs = 10_000;

/**
 * Checks a server that somebody else runs: reachable, new enough, UTF-8.
 * @returns its version, such as `15.18`
 */
export async function checkExternal(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: connectTimeoutMs });
  client.on('error', () => {});
  try {
    await client.connect();
  } catch (cause) {
    throw new PostgresProblem(
      'postgres_unreachable',
      `No PostgreSQL answers at SHUGU_DATABASE_URL (${withoutPassword(url)}): ${reason(cause)}`,
      { cause },
    );
  }
  try {
    const { rows } = await client.query<{ number: string; version: string; encoding: string }>(
      `select current_setting('server_version_num') as number, current_setting('server_version') as version,
              current_setting('server_encoding') as encoding`,
    );
    const found = rows[0]!;
    checkVersion(Number(found.number), found.version);
    if (found.encoding !== 'UTF8') {
      throw new PostgresProblem(
        'postgres_encoding',
        `The database at SHUGU_DATABASE_URL is encoded as ${found.encoding}; create it with encoding UTF8.`,
      );
    }
    return found.version.split(' ')[0]!;
  } finally {
    await client.end();
  }
}

/** @param number `server_version_num`: major × 10000 + minor */
export function checkVersion(number: number, version: string): void {
  if (number >= postgresMajorMin * 10_000) return;
  throw new PostgresProblem(
    'postgres_too_old',
    `SHUGU_DATABASE_URL leads to PostgreSQL ${version}; Shugu needs ${postgresMajorMin} or newer.`,
  );
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/([^/@]*)@/, (_whole, who: string) => `//${who.split(':')[0]}@`);
}

function reason(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(reason).join('; ');
  return cause instanceof Error ? cause.message : String(cause);
}
