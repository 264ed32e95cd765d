/** Sessions: an opaque random token; the database holds only its SHA-256. */
import { createHash } from 'node:crypto';
import { sql, type Tx } from './db/db.ts';
import { newSecret } from './ids.ts';

export const sessionCookie = 'shugu_session';

export const hashToken = (token: string): Buffer => createHash('sha256').update(token).digest();

export const openSession = async (
  tx: Tx,
  who: { person: string; participant: string },
  options: { hours: number; client?: string },
): Promise<{ token: string; expiresAt: Date }> => {
  const token = `sgs_${newSecret()}`;
  const expiresAt = new Date(tx.now.getTime() + options.hours * 3_600_000);
  await tx.exec(sql`insert into sessions (token_hash, node, market, participant, person, created_at, seen_at, expires_at, client)
    values (${hashToken(token)}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${who.participant}, ${who.person}, ${tx.now}, ${tx.now}, ${expiresAt},
      ${options.client?.slice(0, 200) ?? null})`);
  return { token, expiresAt };
};

export const endSession = async (tx: Tx, token: string): Promise<void> => {
  await tx.exec(
    sql`update sessions set ended_at = ${tx.now} where token_hash = ${hashToken(token)} and ended_at is null`,
  );
};

/** With the browsers that they name. */
export const deleteSessionsOf = async (tx: Tx, person: string): Promise<void> => {
  await tx.exec(sql`delete from sessions where person = ${person}`);
};

/** After a password change or a suspension. */
export const endSessionsOf = async (tx: Tx, person: string): Promise<void> => {
  await tx.exec(sql`update sessions set ended_at = ${tx.now} where person = ${person} and ended_at is null`);
};

/** Ends every session of a person except the one in use. */
export const endOtherSessions = async (tx: Tx, person: string, keptTokenHash: Buffer): Promise<void> => {
  await tx.exec(sql`update sessions set ended_at = ${tx.now}
    where person = ${person} and ended_at is null and token_hash <> ${keptTokenHash}`);
};

/** No Expires: on a simulated calendar it lies in the browser's past, and the end is enforced here anyway. */
export const cookieOf = (token: string, secure: boolean): string =>
  `${sessionCookie}=${token}; Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;

export const clearedCookie = (): string => `${sessionCookie}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0`;

export const tokenFrom = (
  headers: Record<string, string | undefined>,
): { token: string; from: 'cookie' | 'bearer' } | undefined => {
  const bearer = /^Bearer ([\w.~+/-]{8,500}=*)$/.exec(headers.authorization ?? '')?.[1];
  if (bearer) return { token: bearer, from: 'bearer' };
  const cookie = new RegExp(`(?:^|; )${sessionCookie}=([\\w-]{8,200})`).exec(headers.cookie ?? '')?.[1];
  return cookie ? { token: cookie, from: 'cookie' } : undefined;
};
