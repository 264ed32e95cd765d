/**
 * Licensed certification authorities (Electronic Signature Law, article 16) that the operator connects: a file names their
 * certificates, their lists of revoked ones, and where their certificates name an organisation's credit code. Nothing is asked over
 * the network: whoever refreshes the lists (cron) replaces their files.
 */
import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import {
  type CertifyingAuthority,
  certificatesInPem,
  certificateTerm,
  checkAuthority,
  type RevocationList,
  readRevocationList,
  revocationListBytesMax,
  verifyCertified,
} from '@shugu/evidence';
import { z } from 'zod';
import type { Finding, OwnCheck } from '../kernel/doctor/index.ts';
import type { LicensedAuthority } from './model.ts';

export const authorityLimits = { authoritiesMax: 32, certificatesMax: 16, listsMax: 32 } as const;

const name = z.string().trim().min(1).max(100);
const path = z.string().min(1).max(1000);
const file = z
  .array(
    z.strictObject({
      id: z.string().regex(/^[a-z][a-z0-9-]{0,59}$/),
      title: z.strictObject({ zh: name, en: name }),
      certificates: path,
      revocations: z.array(path).min(1).max(authorityLimits.listsMax),
      creditCodeIn: z
        .array(z.string().regex(/^[0-2](?:\.\d{1,12}){1,20}$/))
        .min(1)
        .max(8),
    }),
  )
  .min(1)
  .max(authorityLimits.authoritiesMax);

/** A list in its file, read again when the file has changed. What cannot be read leaves the last one, until that is over. */
class ListFile {
  readonly path: string;
  list: RevocationList;
  private mark: string;

  private constructor(path: string, list: RevocationList, mark: string) {
    this.path = path;
    this.list = list;
    this.mark = mark;
  }

  static async open(path: string): Promise<ListFile> {
    const mark = await markOf(path);
    return new ListFile(path, await readList(path), mark);
  }

  async refresh(): Promise<void> {
    try {
      const mark = await markOf(this.path);
      if (mark === this.mark) return;
      this.list = await readList(this.path);
      this.mark = mark;
    } catch {
      // Half written, or gone for a moment; the doctor names a file that stays so.
    }
  }
}

const markOf = async (path: string): Promise<string> => {
  const { mtimeMs, size, ino } = await stat(path);
  if (size > revocationListBytesMax) throw new Error(`more than ${revocationListBytesMax} bytes`);
  return `${mtimeMs} ${size} ${ino}`;
};

const readList = async (path: string): Promise<RevocationList> => {
  try {
    return readRevocationList(new Uint8Array(await readFile(path)));
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`);
  }
};

const readCertificates = async (path: string): Promise<Uint8Array[]> => {
  try {
    const found = certificatesInPem(await readFile(path, 'utf8'));
    if (found.length > authorityLimits.certificatesMax)
      throw new Error(`more than ${authorityLimits.certificatesMax} certificates`);
    checkAuthority(found);
    return found;
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`);
  }
};

type Entry = z.output<typeof file>[number];

const entriesOf = async (path: string): Promise<Entry[]> => {
  const read = file.safeParse(JSON.parse(await readFile(path, 'utf8')));
  if (!read.success) throw new Error(z.prettifyError(read.error));
  if (new Set(read.data.map(({ id }) => id)).size !== read.data.length) throw new Error('an id stands twice');
  const near = (other: string) => resolve(dirname(path), other);
  return read.data.map((one) => ({
    ...one,
    certificates: near(one.certificates),
    revocations: one.revocations.map(near),
  }));
};

const open = async ({ id, title, creditCodeIn, ...files }: Entry): Promise<LicensedAuthority> => {
  const certificates = await readCertificates(files.certificates);
  const lists = await Promise.all(files.revocations.map(ListFile.open));
  return {
    id,
    title,
    verify: async (input) => {
      await Promise.all(lists.map((one) => one.refresh()));
      const authority: CertifyingAuthority = {
        certificates,
        revocations: lists.map(({ list }) => list),
        creditCodeIn,
      };
      return verifyCertified({ ...input, authority });
    },
  };
};

/** `path`: setting SHUGU_AUTHORITIES; none are connected where it is empty. Throws what keeps a node from starting. */
export const readAuthorities = async (path: string): Promise<LicensedAuthority[]> => {
  try {
    return path ? await Promise.all((await entriesOf(path)).map(open)) : [];
  } catch (error) {
    throw new Error(`SHUGU_AUTHORITIES: ${(error as Error).message}`);
  }
};

/** A list is late when less than this part of its time is left. */
const partLeftMin = 0.2;

type Term = { what: string; from: Date; until: Date; partLeft: number };

const termsOf = async (entry: Entry): Promise<Term[]> => {
  const terms: Term[] = (await readCertificates(entry.certificates))
    .map(certificateTerm)
    .map(({ name: what, notBefore, notAfter }) => ({ what, from: notBefore, until: notAfter, partLeft: 0 }));
  for (const one of entry.revocations) {
    const { thisUpdate, nextUpdate } = await readList(one);
    terms.push({ what: one, from: thisUpdate, until: nextUpdate, partLeft: partLeftMin });
  }
  return terms;
};

const findingOf = ({ title }: Entry, { what, until }: Term, now: Date): Finding => {
  const over = until < now;
  const end = until.toISOString();
  return {
    id: 'authorities',
    level: over ? 'error' : 'warning',
    zh: `${title.zh}：${what} ${over ? `已于 ${end} 到期，不能再以其证书签署` : `将于 ${end} 到期`}`,
    en: `${title.en}: ${what} ${over ? `ended at ${end}: nobody can sign with its certificates` : `ends at ${end}`}`,
    next: {
      zh: '从电子认证机构取得新的吊销列表或证书，替换该文件',
      en: 'fetch the new list or certificate from the authority and replace the file',
    },
  };
};

/** What an operator should see before signers do: lists and certificates that are over, or soon will be. */
export const checkAuthorities: OwnCheck = {
  id: 'authorities',
  check: async ({ authorities }, now) => {
    if (!authorities) return [];
    const findings: Finding[] = [];
    for (const entry of await entriesOf(authorities))
      for (const term of await termsOf(entry)) {
        const left = term.until.getTime() - now.getTime();
        if (left < term.partLeft * (term.until.getTime() - term.from.getTime()))
          findings.push(findingOf(entry, term, now));
      }
    const well: Finding = {
      id: 'authorities',
      level: 'ok',
      zh: '电子认证机构的证书与吊销列表有效',
      en: 'certificates and revocation lists of the certification authorities are valid',
    };
    return findings.length > 0 ? findings : [well];
  },
};
