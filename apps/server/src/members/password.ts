/** Passwords: argon2id with 19 MiB, 2 passes, 1 lane (OWASP password storage), about 40 ms of one thread off the main one. */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { kernelProblems } from '../kernel/problem.ts';
import { limits } from './model.ts';

const derive = promisify(argon2);
const memoryKibibytes = 19_456;
const passes = 2;
const tagBytes = 32;

// Hashes queue for the thread pool; beyond this many the server says so rather than let everybody wait.
let waiting = 0;
const tagOf = async (
  password: string,
  nonce: Buffer,
  memory: number,
  rounds: number,
  length: number,
): Promise<Buffer> => {
  if (waiting >= limits.passwordHashesWaitingMax) throw kernelProblems.busy({ headers: { 'retry-after': '2' } });
  waiting++;
  try {
    // NFC, so that the same keys on another keyboard make the same password.
    return await derive('argon2id', {
      message: Buffer.from(password.normalize('NFC'), 'utf8'),
      nonce,
      parallelism: 1,
      tagLength: length,
      memory,
      passes: rounds,
    });
  } finally {
    waiting--;
  }
};

/** PHC string `$argon2id$v=19$m=…,t=…,p=1$salt$tag`. */
export const hashPassword = async (password: string): Promise<string> => {
  const nonce = randomBytes(16);
  const tag = await tagOf(password, nonce, memoryKibibytes, passes, tagBytes);
  const text = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
  return `$argon2id$v=19$m=${memoryKibibytes},t=${passes},p=1$${text(nonce)}$${text(tag)}`;
};

const phc = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=1\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

// Verifying against this for an unknown account takes the same time as for a known one.
const nobody = `$argon2id$v=19$m=${memoryKibibytes},t=${passes},p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/** `hash` null (unknown account, or no password yet) takes the same time and is false. */
export const passwordMatches = async (password: string, hash: string | null): Promise<boolean> => {
  const parts = phc.exec(hash ?? nobody);
  if (!parts) throw new Error('a stored password hash is not argon2id');
  const expected = Buffer.from(parts[4]!, 'base64');
  const tag = await tagOf(
    password,
    Buffer.from(parts[3]!, 'base64'),
    Number(parts[1]),
    Number(parts[2]),
    expected.length,
  );
  return timingSafeEqual(tag, expected) && hash !== null;
};
