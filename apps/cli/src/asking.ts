/** Verbs that ask an exchange that runs somewhere: at which address, and by whose key. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Client, makeClient } from '@shugu/wire';
import type { Context } from './command.ts';
import { Misuse } from './misuse.ts';

/** What `readArgs` takes for it. */
export const askingOptions = {
  url: { type: 'string' },
  key: { type: 'string' },
  'key-file': { type: 'string' },
} as const;

interface Words {
  url: string;
  key: string;
  unreadable(name: string): string;
}
interface Given {
  url?: string | undefined;
  key?: string | undefined;
  'key-file'?: string | undefined;
}

export const firstLine = async (path: string, unreadable: (name: string) => string): Promise<string> => {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new Misuse(unreadable(path));
  });
  return text.split('\n', 1)[0]!.trim();
};

/** @throws Misuse where address or key is missing or cannot be read */
export const openAsking = async (given: Given, words: Words, { cwd, language }: Context): Promise<Client> => {
  const url = URL.parse(given.url ?? '');
  if (!url || !/^https?:$/.test(url.protocol)) throw new Misuse(words.url);
  const file = given['key-file'];
  const key = file === undefined ? given.key : await firstLine(resolve(cwd, file), words.unreadable);
  if (!key) throw new Misuse(words.key);
  return makeClient({ url: url.origin, token: key, newKey: randomUUID, headers: { 'accept-language': language } });
};
