/**
 * `shugu compute confirm`: an owner reads the contract where its keys are, and signs its text with the one that nobody else has. With the
 * other owner's fingerprint, told by another way, its process meets that owner and no one in its place.
 */
import { resolve } from 'node:path';
import { confirmContract, partyFingerprint, sameFingerprint } from '@shugu/private-compute';
import { confirmComputation } from '@shugu/wire/compute';
import type { Context } from '../command.ts';
import { readArgs } from '../misuse.ts';
import { dim, green, say } from '../say.ts';
import { contractIn, openExchange, partyOptions } from './asked.ts';
import { openFolder } from './folder.ts';
import { PartRefused, readTerms } from './part.ts';
import { reasonIn } from './reason.ts';
import { refusedIn } from './run.ts';

const words = {
  zh: {
    about: (title: string, purpose: string) => `${title}：${purpose}`,
    query: (sql: string) => `查询：${sql}`,
    uses: (uses: number, from: string, until: string) => `共 ${uses} 次，${from} 至 ${until}`,
    digest: (digest: string) => `合约摘要 ${digest}`,
    own: (fingerprint: string) => `本方指纹 ${fingerprint}`,
    other: (fingerprint: string) => `对方指纹 ${fingerprint}`,
    pinned: '对方指纹与所给的一致；此后只与它运行，且须它也已确认',
    unpinned: '没有给出 --peer：对方是谁以交易所所说为准',
    done: '已以本方密钥确认',
  },
  en: {
    about: (title: string, purpose: string) => `${title}: ${purpose}`,
    query: (sql: string) => `query: ${sql}`,
    uses: (uses: number, from: string, until: string) => `${uses} uses, from ${from} until ${until}`,
    digest: (digest: string) => `digest of the contract ${digest}`,
    own: (fingerprint: string) => `your fingerprint ${fingerprint}`,
    other: (fingerprint: string) => `the other owner’s fingerprint ${fingerprint}`,
    pinned:
      'the other owner’s is the one that was given: nothing is run with anybody else, nor before it has confirmed, too',
    unpinned: 'without --peer the exchange’s word is taken for who the other is',
    done: 'confirmed with your own key',
  },
} as const;

export const run = async (args: string[], context: Context): Promise<number> => {
  const { language, cwd } = context;
  const word = words[language];
  const { values } = readArgs({ args, options: partyOptions }, language);
  const contract = contractIn(values.contract, language);
  const client = await openExchange(values, context);
  const folder = await openFolder(resolve(cwd, values.party));
  try {
    const asked = { client, folder, contract, ...(values.as ? { as: values.as } : {}) };
    const { shown, known, terms, place } = await readTerms(asked);
    const other = terms.dataSets[1 - place]!;
    const peer = values.peer ?? known?.peer;
    if (peer !== undefined && !sameFingerprint(peer, other)) throw new PartRefused('peer', partyFingerprint(other));
    const { document, digest } = shown;
    const [own, theirs] = [partyFingerprint(folder), partyFingerprint(other)];
    if (!values.json) {
      say(word.about(terms.title, terms.purpose));
      for (const line of shown.explained) say(`- ${line[language]}`);
      if (terms.query.sql) say(word.query(terms.query.sql));
      say(word.uses(terms.uses, terms.from, terms.until));
      say(word.digest(digest));
      say(word.own(own));
      say(word.other(theirs));
      say(peer === undefined ? dim(word.unpinned) : word.pinned);
    }
    const signature = await confirmContract(document, folder.signer);
    await client.call(confirmComputation, { params: { id: contract }, body: { signature } });
    // From now on nothing runs under another text.
    await folder.save(contract, { ...(known ?? { uses: {} }), digest, ...(peer !== undefined && { peer }) });
    say(
      values.json
        ? JSON.stringify({ ok: true, contract, digest, own, peer: theirs, pinned: peer !== undefined })
        : green(word.done),
    );
    return 0;
  } catch (error) {
    if (error instanceof PartRefused) throw refusedIn(error, language);
    throw reasonIn(error, language);
  }
};
